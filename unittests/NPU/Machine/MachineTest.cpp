// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/NPU/Machine.h"
#include "aic/NPU/Hash.h"

#include <fstream>
#include <gtest/gtest.h>

using namespace aic::npu;

namespace {

std::string good() {
  Machine machine;
  std::string error;
  EXPECT_TRUE(loadMachine("edge-256", machine, error)) << error;
  return machine.canonicalJson;
}

/// The message for edge-256 with one text replaced by another.
std::string reject(const std::string &from, const std::string &to) {
  std::string text = good();
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  Machine machine;
  machine.name = "untouched";
  std::string error;
  EXPECT_FALSE(parseMachine(text, machine, error)) << text;
  EXPECT_EQ(machine.name, "untouched");
  EXPECT_EQ(error.find('\n'), std::string::npos);
  return error;
}

TEST(Hash, Sha256OfKnownTexts) {
  auto of = [](std::string_view text) { return hex(sha256(text).data(), 32); };
  EXPECT_EQ(of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(of(std::string(1000000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Hash, Sha256InPiecesOfAnySize) {
  std::string text;
  for (int i = 0; i < 300; ++i)
    text += char(i * 7);
  for (size_t size = 0; size <= text.size(); ++size)
    for (size_t cut : {size_t(0), size / 3, size / 2, size}) {
      Sha256 hash;
      hash.update(text.data(), cut);
      hash.update(text.data() + cut, size - cut);
      EXPECT_EQ(hash.finish(), sha256(std::string_view(text).substr(0, size)));
    }
}

TEST(Hash, Crc32cOfKnownTexts) {
  EXPECT_EQ(crc32c("123456789", 9), 0xe3069283u);
  EXPECT_EQ(crc32c("", 0), 0u);
  EXPECT_EQ(crc32c(std::string(32, '\0').data(), 32), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff').data(), 32), 0x62a8ab43u);
  EXPECT_EQ(crc32c("56789", 5, crc32c("1234", 4)), 0xe3069283u);
}

TEST(Machine, ShippedOnesLoadUnderTheirNames) {
  EXPECT_EQ(shippedMachines(), (std::vector<std::string>{"edge-256", "edge-512", "video", "ascend910b-like"}));
  for (const std::string &name : shippedMachines()) {
    Machine machine, again;
    std::string error;
    ASSERT_TRUE(loadMachine(name, machine, error)) << error;
    EXPECT_EQ(machine.name, name);
    EXPECT_EQ(machine.sha256, sha256(machine.canonicalJson));
    ASSERT_TRUE(parseMachine(machine.canonicalJson, again, error)) << error;
    EXPECT_EQ(again.canonicalJson, machine.canonicalJson);
    EXPECT_EQ(again.sha256, machine.sha256);
    EXPECT_EQ(machine.canonicalJson.find_first_of(" \n"), std::string::npos);
  }
}

TEST(Machine, Edge256IsTheOneOfTheDesign) {
  Machine machine;
  std::string error;
  ASSERT_TRUE(loadMachine("edge-256", machine, error)) << error;
  EXPECT_EQ(machine.mx.m * machine.mx.n * machine.mx.k(DType::i8), 256u);
  EXPECT_EQ(machine.mx.k(DType::f16), 4u);
  EXPECT_EQ(machine.space(Space::L1).bytes, 512u << 10);
  EXPECT_EQ(machine.space(Space::L1).banks, 16u);
  EXPECT_EQ(machine.space(Space::A0).banks, 1u);
  EXPECT_EQ(machine.space(Space::C0).align, 512u);
  EXPECT_EQ(machine.dram.bytesPerCycle, 12);
  EXPECT_EQ(machine.dram.readLatency, 500u);
  EXPECT_EQ(machine.queueDepth[size_t(Engine::VX)], 32u);
  EXPECT_EQ(machine.semaphoreMax, 15u);
  EXPECT_FALSE(machine.l2);
  EXPECT_EQ(machine.vx.cost.at("tanh"), 6u);
  EXPECT_EQ(machine.vx.cost.count("add"), 0u);
  ASSERT_TRUE(machine.path(Engine::LD, std::nullopt, Space::VB));
  EXPECT_EQ(machine.path(Engine::LD, std::nullopt, Space::VB)->maxInflight, 8u);
  EXPECT_EQ(machine.path(Engine::LD, std::nullopt, Space::A0), nullptr);
  EXPECT_EQ(machine.path(Engine::MV, Space::L1, Space::A0)->bytesPerCycle, 64);
  EXPECT_TRUE(machine.path(Engine::MV, Space::VB, Space::L1));
  EXPECT_TRUE(machine.path(Engine::FX, Space::C0, Space::VB));
  EXPECT_TRUE(machine.path(Engine::FX, Space::L1, Space::VB));
  EXPECT_TRUE(machine.path(Engine::ST, Space::VB, std::nullopt));
}

TEST(Machine, AscendHasNoWayFromAccumulatorsToVectors) {
  Machine machine;
  std::string error;
  ASSERT_TRUE(loadMachine("ascend910b-like", machine, error)) << error;
  EXPECT_EQ(machine.path(Engine::FX, Space::C0, Space::VB), nullptr);
  EXPECT_TRUE(machine.path(Engine::FX, Space::C0, Space::L1));
  EXPECT_EQ(machine.vectorCores, 2u);
  ASSERT_TRUE(machine.l2);
  EXPECT_EQ(machine.l2->line, 512u);
}

TEST(Machine, WritingOfNumbersAndOrderOfKeysDoNotMatter) {
  Machine machine, other;
  std::string error, text = good();
  ASSERT_TRUE(parseMachine(text, machine, error));
  text.replace(text.find("\"clock_hz\":1000000000"), 21, "\"clock_hz\" :\n 1.0e+9");
  size_t at = text.find("\"cores\":1,");
  text.erase(at, 10);
  text.insert(text.size() - 1, ", \"cores\": 1.0");
  ASSERT_TRUE(parseMachine(text, other, error)) << error;
  EXPECT_EQ(machine.sha256, other.sha256);
}

TEST(Machine, EachBadFieldHasItsMessage) {
  EXPECT_EQ(reject("\"M\":4", "\"M\":-4"), "'mx.M': expected an integer from 1 to 256, got -4");
  EXPECT_EQ(reject("\"M\":4", "\"M\":4.5"), "'mx.M': expected an integer from 1 to 256, got 4.5");
  EXPECT_EQ(reject("\"M\":4", "\"M\":\"4\""), "'mx.M': expected an integer from 1 to 256, got \"4\"");
  EXPECT_EQ(reject(",\"M\":4", ""), "'mx.M': expected an integer from 1 to 256, got nothing");
  EXPECT_EQ(reject("524288", "1152921504606846976"),
            "'spaces.L1.bytes': expected an integer from 32 to 33554432, got 1152921504606846976");
  EXPECT_EQ(reject("524288", "524289"), "'spaces.L1.bytes': expected a multiple of 32, got 524289");
  EXPECT_EQ(reject("32768", "32800"), "'spaces.B0.bytes': expected a multiple of the alignment, 512, got 32800");
  EXPECT_EQ(reject("\"align\":512", "\"align\":96"),
            "'spaces.A0.align': expected a power of two from 32 to 4096, got 96");
  EXPECT_EQ(reject("\"FX\":16", "\"FX\":0"), "'queues.FX': expected an integer from 1 to 4096, got 0");
  EXPECT_EQ(reject("\"sems\":64", "\"sems\":65"), "'sems': expected an integer from 1 to 64, got 65");
  EXPECT_EQ(reject("\"clock_hz\":1000000000", "\"clock_hz\":\"NaN\""),
            "'clock_hz': expected a number from 1000000.0 to 100000000000.0, got \"NaN\"");
  EXPECT_EQ(reject("\"isa\":1", "\"isa\":2"), "'isa': expected 1, got 2");
  EXPECT_EQ(reject("\"name\":\"edge-256\"", "\"name\":\"a b\""),
            "'name': expected 1 to 64 letters, digits, '.', '_' and '-', got \"a b\"");
  EXPECT_EQ(reject("\"l2\":null", "\"l2\":7"), "'l2': expected an object or null, got 7");
  EXPECT_EQ(reject("\"l2\":null", "\"l2\":{\"bytes\":4096,\"line\":64,\"hit_latency\":1}"),
            "'l2.miss_latency': expected an integer from 0 to 1000000, got nothing");
  EXPECT_EQ(reject("\"bf16\":4", "\"bf16\":8"), "'mx.K.bf16': expected the same as f16 (4), got 8");
  EXPECT_EQ(reject("\"i8\":\"i32\"", "\"i8\":\"f32\""), "'mx.acc.i8': expected i32, got \"f32\"");
  EXPECT_EQ(reject("\"burst\":128", "\"burst\":100"), "'dram.burst': expected a power of two from 1 to 65536, got 100");
  EXPECT_EQ(reject("\"exp\":4", "\"exq\":4").substr(0, 44), "'vx.op_cost.exq': expected a known key (add,");
  EXPECT_EQ(reject("\"head_cycles\":6", "\"heat_cycles\":6"),
            "'mx.head_cycles': expected an integer from 0 to 100000, got nothing");
  EXPECT_EQ(reject("\"barriers\":8", "\"barriers\":8,\"x\\u0000y\":8"),
            "'x\\u0000y': expected a known key (barriers, clock_hz, cores, dram, isa, l2, mx, name, paths, queues, "
            "sem_max, sems, spaces, vector_cores_per_cluster or vx), got an unknown one");
}

TEST(Machine, EachBadPathHasItsMessage) {
  EXPECT_EQ(reject("\"dst\":[\"L1\",\"VB\"],\"eng\":\"LD\"", "\"dst\":[\"L1\",\"A0\"],\"eng\":\"LD\""),
            "'paths[0].dst[1]': expected L1 or VB, got \"A0\"");
  EXPECT_EQ(reject("\"eng\":\"LD\"", "\"eng\":\"QQ\""), "'paths[0].eng': expected LD, ST, MV or FX, got \"QQ\"");
  EXPECT_EQ(reject("\"dst\":\"B0\"", "\"dst\":\"A0\""),
            "'paths[3]': expected each way once, got MV from L1 to A0 again");
  EXPECT_EQ(reject("\"dst\":\"B0\",\"eng\":\"MV\",\"src\":\"L1\"", "\"dst\":\"B0\",\"eng\":\"MV\",\"src\":\"VB\""),
            "'paths[3]': expected a way that an instruction takes, got MV from VB to B0");
  EXPECT_EQ(reject("\"dst\":\"B0\"", "\"dst\":[]"),
            "'paths[3].dst': expected one or more of L1, VB, A0 or B0, got an empty list");
  EXPECT_EQ(reject("\"dst\":\"B0\"", "\"dst\":[\"B0\",\"B0\"]"),
            "'paths[3].dst[1]': expected each name once, got \"B0\" twice");
  EXPECT_EQ(reject("\"dst\":\"B0\"", "\"max_inflight\":2,\"dst\":\"B0\""),
            "'paths[3].max_inflight': expected 1 for MV, which does one transfer at a time, got 2");
  EXPECT_EQ(reject("\"B_per_cycle\":64", "\"B_per_cycle\":0"),
            "'paths[2].B_per_cycle': expected a number from 0.001 to 65536.0, got 0");
  EXPECT_EQ(reject("\"paths\":[", "\"paths\":[7,"), "'paths[0]': expected an object, got 7");
}

TEST(Machine, TextThatIsNoMachine) {
  Machine machine;
  std::string error;
  EXPECT_FALSE(parseMachine("", machine, error));
  EXPECT_EQ(error.substr(0, 40), "expected JSON, got an error at byte 1: p");
  EXPECT_FALSE(parseMachine("[1]", machine, error));
  EXPECT_EQ(error, "expected an object that describes a machine, got a list");
  EXPECT_FALSE(parseMachine("{} {}", machine, error));
  EXPECT_FALSE(parseMachine("{\"cores\":NaN}", machine, error));
  EXPECT_FALSE(parseMachine("{\"cores\":1e999}", machine, error));
  EXPECT_FALSE(parseMachine("{\"name\":\"\xff\"}", machine, error));
  EXPECT_FALSE(parseMachine("{\"cores\":1,\"cores\":1}", machine, error));
  EXPECT_EQ(error, "expected each key once, got \"cores\" twice in one object");
  EXPECT_FALSE(parseMachine(std::string(1 << 20, '['), machine, error));
  EXPECT_EQ(error, "expected at most 16 levels of nesting, got more");
  std::string nested;
  for (int i = 0; i < 100000; ++i)
    nested += "{\"a\":";
  EXPECT_FALSE(parseMachine(nested, machine, error));
  EXPECT_EQ(error, "expected at most 16 levels of nesting, got more");
  EXPECT_FALSE(parseMachine(std::string((1 << 20) + 1, ' '), machine, error));
  EXPECT_EQ(error, "expected at most 1048576 bytes, got 1048577");
}

TEST(Machine, EveryCutOfAFileIsRejected) {
  std::string text = good(), error;
  for (size_t size = 0; size < text.size(); ++size) {
    Machine machine;
    EXPECT_FALSE(parseMachine(std::string_view(text).substr(0, size), machine, error));
    EXPECT_FALSE(error.empty());
  }
}

TEST(Machine, EveryMissingKeyIsNamed) {
  // Takes each key of edge-256 away in turn: what still loads has a default.
  std::string text = good();
  unsigned named = 0;
  for (size_t at = text.find('"'); at != std::string::npos; at = text.find('"', at + 1)) {
    size_t end = text.find('"', at + 1);
    if (text[end + 1] != ':' || (text[at - 1] != '{' && text[at - 1] != ',')) {
      at = end;
      continue;
    }
    std::string renamed = text, error;
    renamed.insert(at + 1, "x");
    Machine machine;
    EXPECT_FALSE(parseMachine(renamed, machine, error)); // an unknown key at least
    named += error.find(text.substr(at + 1, end - at - 1)) != std::string::npos;
    at = end;
  }
  EXPECT_GT(named, 90u);
}

TEST(Machine, FilesThatCannotBeRead) {
  Machine machine;
  std::string error;
  EXPECT_FALSE(loadMachine("edge-1024", machine, error));
  EXPECT_EQ(error, "expected a machine (edge-256, edge-512, video, ascend910b-like, or a JSON file), got 'edge-1024', "
                   "which cannot be read");
  EXPECT_FALSE(loadMachine("/", machine, error));
  EXPECT_FALSE(loadMachine("/dev/zero", machine, error));
  EXPECT_EQ(error, "/dev/zero: expected at most 1048576 bytes, got 1048577");
}

} // namespace
