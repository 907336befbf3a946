// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Tools/TensorFile.h"
#include "aic/Tools/Compare.h"
#include "gtest/gtest.h"
#include <cstdio>
#include <cstring>
#include <filesystem>

using namespace aic;
using namespace aic::tools;
using eval::DType;

static const DType allTypes[] = {DType::I1,  DType::I8,  DType::I16, DType::I32,  DType::I64, DType::U8, DType::U16,
                                 DType::U32, DType::U64, DType::F16, DType::BF16, DType::F32, DType::F64};

static eval::Tensor random(DType type, eval::Shape shape, uint64_t seed = 1) {
  eval::Tensor tensor(type, std::move(shape));
  fillRandom(tensor, seed);
  return tensor;
}

TEST(Npy, RoundTripsEveryType) {
  for (DType type : allTypes)
    for (const eval::Shape &shape : {eval::Shape{}, eval::Shape{3}, eval::Shape{2, 0, 4}, eval::Shape{2, 3, 4}}) {
      eval::Tensor written = random(type, shape), read;
      std::string bytes;
      ASSERT_EQ(formatNpy(written, bytes), "");
      ASSERT_EQ(parseNpy(bytes, read), "") << eval::name(type);
      Comparison result = compare(read, written, {0, 0});
      EXPECT_TRUE(result.equal()) << describe(written) << result.mismatch;
    }
}

TEST(Npy, ReadsFortranOrderAndBigEndian) {
  std::string bytes("\x93NUMPY\x01\x00\x46\x00", 10);
  bytes += "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }";
  bytes.resize(10 + 0x46, ' ');
  for (int value : {0, 3, 1, 4, 2, 5}) {
    bytes.push_back(0);
    bytes.push_back(static_cast<char>(value));
  }
  eval::Tensor tensor;
  ASSERT_EQ(parseNpy(bytes, tensor), "");
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(tensor.as<int16_t>()[i], i);
}

TEST(Npy, RefusesBadFiles) {
  eval::Tensor tensor;
  EXPECT_EQ(parseNpy("PK\x03\x04 and so on", tensor), "expected an npy file, got other content");
  std::string bytes;
  ASSERT_EQ(formatNpy(random(DType::F32, {4}), bytes), "");
  EXPECT_EQ(parseNpy(std::string_view(bytes).substr(0, bytes.size() - 1), tensor), "expected 16 bytes of data, got 15");
  std::string huge = bytes;
  huge.replace(huge.find("(4,)"), 4, "(9223372036854775807, 9)");
  EXPECT_NE(parseNpy(huge, tensor), "");
  std::string object = bytes;
  object.replace(object.find("<f4"), 3, "|O8");
  EXPECT_EQ(parseNpy(object, tensor), "expected an element type b1, i1..i8, u1..u8 or f2..f8, got '|O8'");
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_NE(parseNpy(std::string_view(bytes).substr(0, size), tensor), "");
}

TEST(Npz, RoundTripsAndRefusesDamage) {
  NamedTensors written = {{"a", random(DType::F32, {2, 3})}, {"b/c:0", random(DType::I64, {5})}}, read;
  std::string bytes;
  ASSERT_EQ(formatNpz(written, bytes), "");
  ASSERT_EQ(parseNpz(bytes, read), "");
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[1].first, "b/c:0");
  EXPECT_TRUE(compare(read[1].second, written[1].second, {0, 0}).equal());
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_NE(parseNpz(std::string_view(bytes).substr(0, size), read), "");
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(~damaged[at]);
    NamedTensors ignored;
    (void)parseNpz(damaged, ignored); // any answer, but no crash
  }
  bytes[bytes.find("NUMPY") + 130] ^= 1;
  EXPECT_EQ(parseNpz(bytes, read), "entry 'a' has a wrong checksum");
}

TEST(WriteFile, LeavesNothingBehindWhenItFails) {
  namespace fs = std::filesystem;
  fs::path folder =
      fs::temp_directory_path() / ("aic-write-" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()));
  fs::create_directories(folder);
  std::string path = (folder / "x").string(), content;
  EXPECT_EQ(writeFile(path, "abc"), "");
  EXPECT_EQ(readFile(path, content), "");
  EXPECT_EQ(content, "abc");
  EXPECT_NE(writeFile((folder / "missing" / "x").string(), "abc"), "");
  EXPECT_EQ(writeFile("/dev/full", "abc"), "cannot write '/dev/full': No space left on device");
  fs::create_symlink(path, folder / "link");
  EXPECT_EQ(writeFile((folder / "link").string(), "def"), "");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(readFile(path, content), "");
  EXPECT_EQ(content, "def");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 2);
  fs::remove_all(folder);
}

TEST(Compare, KnowsToleranceAndNaN) {
  eval::Tensor a(DType::F32, {4}), b(DType::F32, {4});
  float x[] = {1, 2, NAN, INFINITY}, y[] = {1.0005f, 2.1f, NAN, INFINITY};
  std::memcpy(a.data(), x, sizeof x);
  std::memcpy(b.data(), y, sizeof y);
  Comparison result = compare(a, b, {1e-5, 1e-3});
  EXPECT_EQ(result.wrong, 1);
  EXPECT_EQ(result.firstWrong, 1);
  EXPECT_NEAR(result.maxError, 0.1, 1e-6);
  eval::Tensor c(DType::I64, {1}), d(DType::I64, {1});
  *c.as<int64_t>() = (int64_t(1) << 60) + 1;
  *d.as<int64_t>() = int64_t(1) << 60;
  EXPECT_FALSE(compare(c, d, {1, 1}).equal());
  EXPECT_EQ(compare(a, c, {}).mismatch, "expected i64[1], got f32[4]");
}
