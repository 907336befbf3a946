//===- Machine.cpp - The checked form of a machine's JSON -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every key has its range here and in docs/NPU/machine.schema.json; test_npu_machine.py compares the two.
//
//===----------------------------------------------------------------------===//

#include "aic/NPU/Machine.h"
#include "MachineJson.h"
#include "aic/NPU/Hash.h"

#include <algorithm>
#include <fstream>
#include <iterator>

using nlohmann::json;

namespace aic::npu {
namespace {

constexpr Engine kQueues[] = {Engine::LD, Engine::ST, Engine::MV, Engine::MX, Engine::FX, Engine::VX};
constexpr Space kSpaces[] = {Space::L1, Space::A0, Space::B0, Space::C0, Space::VB};
// What 20 bits of granule reach.
constexpr uint64_t kMostSpaceBytes = uint64_t(kGranuleBytes) << 20;
using Place = std::optional<Space>;

struct ShippedMachine {
  const char *name, *json;
};
constexpr ShippedMachine kShipped[] = {
#include "Machines.inc"
};

/// The ways of an engine that some instruction takes.
struct EngineWays {
  Engine engine;
  std::vector<std::string> sources, destinations;
};
const EngineWays kWays[] = {
    {Engine::LD, {"DRAM"}, {"L1", "VB"}},
    {Engine::ST, {"L1", "VB"}, {"DRAM"}},
    {Engine::MV, {"L1", "VB"}, {"L1", "VB", "A0", "B0"}},
    {Engine::FX, {"C0", "L1", "VB"}, {"L1", "VB"}},
};

Place placeOf(const std::string &name) {
  for (Space space : kSpaces)
    if (name == nameOf(space))
      return space;
  return std::nullopt;
}

const char *nameOf(Place place) { return place ? npu::nameOf(*place) : "DRAM"; }

bool isName(const std::string &text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '.' || c == '_' || c == '-';
  });
}

void readMatrixUnit(const json &object, MatrixUnit &mx, std::string &error) {
  ObjectReader reader(object, "mx", error);
  mx.m = reader.integer("M", 1, 256);
  mx.n = reader.integer("N", 1, 256);
  mx.headCycles = reader.integer("head_cycles", 0, 100000);
  reader.text("acc_order", {"tree_k_then_seq"});
  ObjectReader depth(reader.child("K", json::value_t::object), "mx.K", error);
  mx.kInt8 = depth.integer("i8", 1, 256);
  mx.kF16 = depth.integer("f16", 1, 256);
  if (depth.integer("bf16", 1, 256) != mx.kF16)
    depth.failKey("bf16", "the same as f16 (" + std::to_string(mx.kF16) + ")");
  depth.finish();
  ObjectReader accumulators(reader.child("acc", json::value_t::object), "mx.acc", error);
  accumulators.text("i8", {"i32"});
  accumulators.text("f16", {"f32"});
  accumulators.text("bf16", {"f32"});
  accumulators.finish();
  reader.finish();
}

void readVectorUnit(const json &object, VectorUnit &vx, std::string &error) {
  ObjectReader reader(object, "vx", error);
  vx.bytesPerCycle = reader.integer("bytes_per_cycle", 1, 65536);
  vx.headCycles = reader.integer("head_cycles", 0, 100000);
  vx.dwMacsPerCycle = reader.integer("dw_macs_per_cycle", 1, 1 << 20);
  const json &costs = reader.child("op_cost", json::value_t::object);
  ObjectReader cost(costs, "vx.op_cost", error);
  for (unsigned opcode = 0; opcode < 256; ++opcode) {
    const OpcodeInfo *info = infoOf(uint8_t(opcode));
    if (!info || info->engines != 1u << unsigned(Engine::VX))
      continue;
    std::string mnemonic = info->mnemonic;
    std::transform(mnemonic.begin(), mnemonic.end(), mnemonic.begin(), [](unsigned char c) { return std::tolower(c); });
    unsigned value = cost.integer(mnemonic.c_str(), 1, 10000, 1);
    if (value != 1)
      vx.cost[mnemonic] = value;
  }
  cost.finish();
  reader.finish();
}

void readSpace(const json &object, Space which, MemorySpace &space, std::string &error) {
  ObjectReader reader(object, std::string("spaces.") + nameOf(which), error);
  space.bytes = reader.integer("bytes", kGranuleBytes, kMostSpaceBytes);
  space.banks = reader.integer("banks", 1, 1024, 1);
  space.align = reader.integer("align", kGranuleBytes, 4096);
  space.portBytes = reader.integer("port_B", 1, 65536, 0);
  if (space.align & (space.align - 1))
    reader.failKey("align", "a power of two from " + std::to_string(kGranuleBytes) + " to 4096");
  else if (space.bytes % kGranuleBytes)
    reader.failKey("bytes", "a multiple of " + std::to_string(kGranuleBytes));
  else if (space.bytes % space.align)
    reader.failKey("bytes", "a multiple of the alignment, " + std::to_string(space.align));
  reader.finish();
}

/// Adds one DataPath for each source.
void readPath(const json &value, size_t index, Machine &machine, std::string &error) {
  std::string where = "paths[" + std::to_string(index) + "]";
  if (!value.is_object()) {
    error = "'" + where + "': expected an object, got " + shown(value);
    return;
  }
  ObjectReader reader(value, where, error);
  std::string engine = reader.text("eng", {"LD", "ST", "MV", "FX"});
  const EngineWays &ways =
      *std::find_if(std::begin(kWays), std::end(kWays), [&](auto &w) { return engine == nameOf(w.engine); });
  DataPath path;
  path.engine = ways.engine;
  std::vector<std::string> sources, destinations;
  if (reader.ok()) {
    sources = reader.texts("src", ways.sources);
    destinations = reader.texts("dst", ways.destinations);
  }
  path.bytesPerCycle = reader.number("B_per_cycle", 0.001, 65536);
  path.issue = reader.integer("issue", 0, 100000, 0);
  path.maxInflight = reader.integer("max_inflight", 1, 1024, 1);
  if (path.engine != Engine::LD && path.engine != Engine::ST && path.maxInflight != 1)
    reader.failKey("max_inflight", "1 for " + engine + ", which does one transfer at a time");
  reader.finish();
  for (const std::string &destination : destinations)
    path.destinations.push_back(placeOf(destination));
  for (const std::string &source : sources) {
    path.source = placeOf(source);
    for (Place to : path.destinations) {
      std::string way = engine + " from " + source + " to " + nameOf(to);
      if (machine.path(path.engine, path.source, to))
        reader.fail(where, "each way once", way + " again");
      else if (path.engine == Engine::MV && path.source == Space::VB && (to == Space::A0 || to == Space::B0))
        reader.fail(where, "a way that an instruction takes", way);
    }
    if (!reader.ok())
      return;
    machine.paths.push_back(path);
  }
}

void readDram(const json &object, Dram &dram, std::string &error) {
  ObjectReader reader(object, "dram", error);
  dram.bytesPerCycle = reader.number("B_per_cycle", 0.001, 1 << 20);
  dram.readLatency = reader.integer("read_latency", 0, 1000000);
  dram.writeLatency = reader.integer("write_latency", 0, 1000000);
  dram.burst = reader.integer("burst", 1, 65536);
  dram.channels = reader.integer("channels", 1, 1024);
  if (dram.burst & (dram.burst - 1))
    reader.failKey("burst", "a power of two from 1 to 65536");
  reader.finish();
}

void readL2(const json &value, Machine &machine, std::string &error) {
  ObjectReader reader(value, "l2", error);
  SharedCache cache;
  cache.bytes = reader.integer("bytes", 1024, uint64_t(1) << 40);
  cache.line = reader.integer("line", 1, 65536);
  cache.hitLatency = reader.integer("hit_latency", 0, 1000000);
  cache.missLatency = reader.integer("miss_latency", 0, 1000000);
  reader.finish();
  machine.l2 = cache;
}

bool readMachine(const json &root, Machine &machine, std::string &error) {
  ObjectReader reader(root, "", error);
  const json *name = reader.find("name");
  if (!name || !name->is_string() || !isName(name->get<std::string>()))
    reader.failKey("name", "1 to 64 letters, digits, '.', '_' and '-'");
  else
    machine.name = name->get<std::string>();
  reader.integer("isa", kIsaMajor, kIsaMajor);
  machine.clockHz = reader.number("clock_hz", 1e6, 1e11);
  machine.cores = reader.integer("cores", 1, 256);
  machine.vectorCores = reader.integer("vector_cores_per_cluster", 1, 16, 1);
  readMatrixUnit(reader.child("mx", json::value_t::object), machine.mx, error);
  readVectorUnit(reader.child("vx", json::value_t::object), machine.vx, error);
  ObjectReader spaces(reader.child("spaces", json::value_t::object), "spaces", error);
  for (Space space : kSpaces)
    readSpace(spaces.child(nameOf(space), json::value_t::object), space, machine.spaces[size_t(space)], error);
  spaces.finish();
  const json &paths = reader.child("paths", json::value_t::array);
  if (paths.empty())
    reader.fail("paths", "one path or more", "none");
  for (size_t i = 0; i < paths.size() && reader.ok(); ++i)
    readPath(paths[i], i, machine, error);
  ObjectReader queues(reader.child("queues", json::value_t::object), "queues", error);
  for (Engine engine : kQueues)
    machine.queueDepth[size_t(engine)] = queues.integer(nameOf(engine), 1, 4096);
  queues.finish();
  machine.semaphores = reader.integer("sems", 1, 64);
  machine.semaphoreMax = reader.integer("sem_max", 1, 65535);
  machine.barriers = reader.integer("barriers", 0, 256, 0);
  readDram(reader.child("dram", json::value_t::object), machine.dram, error);
  const json *l2 = reader.find("l2");
  if (l2 && l2->is_object())
    readL2(*l2, machine, error);
  else if (l2 && !l2->is_null())
    reader.failKey("l2", "an object or null");
  reader.finish();
  return reader.ok();
}

} // namespace

const DataPath *Machine::path(Engine engine, Place from, Place to) const {
  for (const DataPath &path : paths)
    if (path.engine == engine && path.source == from &&
        std::find(path.destinations.begin(), path.destinations.end(), to) != path.destinations.end())
      return &path;
  return nullptr;
}

bool parseMachine(std::string_view text, Machine &machine, std::string &error) {
  error.clear();
  json root;
  if (!parseStrictJson(text, root, error))
    return false;
  if (!root.is_object()) {
    error = "expected an object that describes a machine, got " + shown(root);
    return false;
  }
  Machine read;
  if (!readMachine(root, read, error))
    return false;
  read.canonicalJson = root.dump();
  read.sha256 = sha256(read.canonicalJson);
  machine = std::move(read);
  return true;
}

bool loadMachine(const std::string &nameOrPath, Machine &machine, std::string &error) {
  for (const ShippedMachine &shipped : kShipped)
    if (nameOrPath == shipped.name)
      return parseMachine(shipped.json, machine, error);
  std::ifstream file(nameOrPath, std::ios::binary);
  std::string text;
  constexpr size_t kMost = (1 << 20) + 1;
  bool isRead = false;
  if (file) {
    text.resize(kMost);
    file.read(text.data(), kMost);
    text.resize(size_t(file.gcount()));
    isRead = file.eof() || text.size() == kMost;
  }
  if (!isRead) {
    error = "expected a machine (";
    for (const ShippedMachine &shipped : kShipped)
      error += std::string(shipped.name) + ", ";
    error += "or a JSON file), got '" + nameOrPath + "', which cannot be read";
    return false;
  }
  if (parseMachine(text, machine, error))
    return true;
  error = nameOrPath + ": " + error;
  return false;
}

std::vector<std::string> shippedMachines() {
  std::vector<std::string> names;
  for (const ShippedMachine &shipped : kShipped)
    names.push_back(shipped.name);
  return names;
}

} // namespace aic::npu
