// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Runtime/Model.h"
#include "gtest/gtest.h"

using namespace aic;

TEST(Manifest, ListsPorts) {
  std::vector<Port> ports;
  ASSERT_TRUE(parsePorts(R"({"abi":1,"inputs":[{"name":"a \"b\" \u00e4","dtype":"f32","dims":["N",3,null]},
                            {"name":"s","dtype":"ui8","dims":[]}],"launches":[{"flops":1.5e3,"x":true}]})",
                         "inputs", ports));
  ASSERT_EQ(ports.size(), 2u);
  EXPECT_EQ(ports[0].name, "a \"b\" \u00e4");
  EXPECT_EQ(ports[0].dims, (eval::Shape{-1, 3, -1}));
  EXPECT_EQ(ports[0].symbols, (std::vector<std::string>{"N", "", ""}));
  EXPECT_EQ(ports[1].type, eval::DType::U8);
  EXPECT_TRUE(ports[1].dims.empty());
}

TEST(Manifest, RefusesWhatIsNone) {
  for (const char *text : {"", "{", "[1,", "{\"inputs\":1}", "{\"inputs\":[{}]}", "{\"inputs\":[]} x", "\"\\u12\"",
                           "{\"inputs\":[{\"name\":\"x\",\"dtype\":\"f12\",\"dims\":[]}]}"}) {
    std::vector<Port> ports;
    EXPECT_FALSE(parsePorts(text, "inputs", ports)) << text;
  }
  std::vector<Port> ports;
  EXPECT_FALSE(parsePorts(std::string(100000, '['), "inputs", ports));
}

TEST(Model, RefusesOtherFiles) {
  std::string error;
  EXPECT_EQ(Model::load("no-such-file.so", 1, error), nullptr);
  EXPECT_NE(error.find("no-such-file.so"), std::string::npos) << error;
  error.clear();
  EXPECT_EQ(Model::load("libm.so.6", 1, error), nullptr);
  EXPECT_FALSE(error.empty());
  error.clear();
  EXPECT_EQ(Model::readManifest("/proc/self/exe", error), "");
  EXPECT_NE(error.find("a library that aic-compile wrote"), std::string::npos) << error;
}
