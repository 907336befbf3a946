//===- Assembler.cpp - Text to NPU programs -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One pass over the tokens: names are defined before they are used. Operands follow the tables of the instruction set;
// every instruction is encoded at once, so that what the codec refuses is reported with its line.
//
//===----------------------------------------------------------------------===//

#include "aic/NPU/ISA/Assembly.h"

#include "Directives.h"
#include "Lexer.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

using namespace aic::npu;

// Keeps a typing error from taking all memory.
static constexpr uint64_t kMaxData = uint64_t(1) << 30;

const char *const aic::npu::kSegmentKindNames[] = {"const", "input", "output", "scratch", "state", "persist", nullptr};

namespace {
std::string list(const std::vector<std::string> &names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + names[i];
  return text;
}
std::vector<std::string> vectorOf(const char *const *names) {
  std::vector<std::string> out;
  for (; *names; ++names)
    out.push_back(*names);
  return out;
}

class Assembler {
public:
  Assembler(std::vector<Token> tokens, const std::string &file, Program &program, std::string &machine)
      : in(std::move(tokens)), file(file), program(program), machine(machine) {}

  void run();
  const std::vector<unsigned> &lines() const { return instructionLines; }

private:
  using Attributes = std::vector<std::pair<const char *, std::function<void()>>>;

  void directive();
  void readMachine();
  void readEqu();
  void readSemaphore();
  void readSegment();
  void readData();
  void readFill();
  void readFile();
  void readIO();
  void readWeight();
  void readBuild();
  void readOp();
  void readLoc();
  void attributes(const char *what, const Attributes &known);
  std::vector<int64_t> list(const char *open, const char *close);

  void instruction();
  void operands(Instruction &inst, const OpcodeInfo &info);
  int64_t fieldValue(const FieldInfo &field, Instruction &inst);
  int64_t localAddress();
  int64_t globalAddress();
  int64_t enumeration(const char *const *names, const char *what);
  uint8_t offsetAndRegister(int64_t &offset);
  std::vector<OpenDim> openDims();
  unsigned segment();
  Engine engine();
  int semaphore();

  Segment &constSegment();
  void append(const std::vector<uint8_t> &bytes);
  void checkSegments();

  TokenStream in;
  const std::string &file;
  Program &program;
  std::string &machine;
  std::map<std::string, unsigned> semaphoreIds;
  std::map<std::string, unsigned> segmentIds;
  std::vector<unsigned> segmentLines;
  std::vector<bool> segmentHasBytes;
  uint64_t dataBytes = 0;
  bool hasLoc = false;
  DebugLine loc;
  std::vector<unsigned> instructionLines;
};

void Assembler::run() {
  while (in.peek().kind != TokenKind::End) {
    if (in.peek().kind == TokenKind::Newline) {
      in.next();
      continue;
    }
    // The program counter that the disassembler puts before an instruction.
    if (in.peek().kind == TokenKind::Number && in.peek(1).is(":"))
      in.next(), in.next();
    if (in.peek().kind == TokenKind::Word && in.peek().text[0] == '.')
      directive();
    else
      instruction();
    in.expectLineEnd();
  }
  checkSegments();
  if (!hasLoc)
    program.debugLines.clear();
}

//===----------------------------------------------------------------------===//
// Directives
//===----------------------------------------------------------------------===//

void Assembler::directive() {
  static const std::pair<const char *, void (Assembler::*)()> handlers[] = {
      {".machine", &Assembler::readMachine}, {".equ", &Assembler::readEqu},       {".sem", &Assembler::readSemaphore},
      {".segment", &Assembler::readSegment}, {".data", &Assembler::readData},     {".fill", &Assembler::readFill},
      {".file", &Assembler::readFile},       {".io", &Assembler::readIO},         {".op", &Assembler::readOp},
      {".loc", &Assembler::readLoc},         {".weight", &Assembler::readWeight}, {".build", &Assembler::readBuild}};
  const std::string &name = in.peek().text;
  for (const auto &[directiveName, handler] : handlers) {
    if (name != directiveName)
      continue;
    in.next();
    return (this->*handler)();
  }
  if (name == ".program") {
    in.next();
    program.name = in.name("the program's name");
  } else if (name == ".args") {
    in.next();
    program.argumentCount = in.integer(0, 256, "a number of launch arguments");
  } else {
    in.failExpected(
        "a directive (.machine .program .args .equ .sem .segment .data .fill .file .weight .io .build .op .loc)");
  }
}

void Assembler::readMachine() {
  if (!machine.empty())
    in.fail("expected one .machine, got a second one");
  if (in.peek().text.empty())
    in.fail("expected a machine's name, path or JSON text, got the end of the line");
  machine = in.next().text;
}

void Assembler::readEqu() {
  unsigned line = in.peek().line;
  std::string name = in.word("the name of a constant");
  in.expect(",");
  in.define(name, in.expression(), line);
}

/// Reads `key=value` pairs up to the end of the line, in any order.
void Assembler::attributes(const char *what, const Attributes &known) {
  std::vector<std::string> seen;
  while (!in.atLineEnd()) {
    in.take(",");
    std::string key = in.peek().text;
    auto it = known.begin();
    while (it != known.end() && key != it->first)
      ++it;
    if (it == known.end() || in.peek().kind != TokenKind::Word) {
      std::vector<std::string> names;
      for (const auto &attribute : known)
        names.push_back(attribute.first);
      in.failExpected("an attribute of " + std::string(what) + " (" + ::list(names) + ")");
    }
    if (std::find(seen.begin(), seen.end(), key) != seen.end())
      in.fail("expected '" + key + "' once, got it twice");
    seen.push_back(key);
    in.next();
    in.expect("=");
    it->second();
  }
}

std::vector<int64_t> Assembler::list(const char *open, const char *close) {
  std::vector<int64_t> values;
  if (*open)
    in.expect(open);
  if (*close && in.take(close))
    return values;
  do
    values.push_back(in.expression());
  while (in.take(","));
  if (*close)
    in.expect(close);
  return values;
}

Engine Assembler::engine() {
  std::vector<const char *> names;
  for (unsigned i = 0; i < kEngines; ++i)
    names.push_back(nameOf(static_cast<Engine>(i)));
  names.push_back(nullptr);
  return static_cast<Engine>(enumeration(names.data(), "an engine"));
}

void Assembler::readSemaphore() {
  Semaphore sem;
  unsigned line = in.peek().line;
  bool hasName = !in.peek(1).is("=");
  if (hasName)
    sem.name = in.name("the semaphore's name");
  auto isTaken = [&](unsigned id) {
    for (const Semaphore &other : program.semaphores)
      if (other.id == id)
        return true;
    return false;
  };
  int id = -1;
  bool producer = false, consumer = false;
  attributes(".sem", {{"id", [&] { id = in.integer(0, 63, "a semaphore"); }},
                      {"producer", [&] { sem.producer = engine(), producer = true; }},
                      {"consumer", [&] { sem.consumer = engine(), consumer = true; }},
                      {"init", [&] { sem.initial = in.integer(0, 65535, "a count"); }}});
  if (!producer || !consumer)
    throw AssemblyError{line, std::string("expected ") + (producer ? "consumer" : "producer") +
                                  "=ENGINE of the semaphore, got none"};
  if (id >= 0 && isTaken(id))
    throw AssemblyError{line, "expected a semaphore id of its own, got " + std::to_string(id) + " a second time"};
  for (sem.id = id < 0 ? 0 : id; id < 0 && isTaken(sem.id);)
    ++sem.id;
  if (sem.id > 63)
    throw AssemblyError{line, "expected at most 64 semaphores, got one more"};
  // A name that is used twice or looks like s<n> stays, but is none to refer to.
  if (hasName && numberedName(sem.name, "s", 63) < 0)
    semaphoreIds.emplace(sem.name, sem.id);
  program.semaphores.push_back(std::move(sem));
}

void Assembler::readSegment() {
  Segment segment;
  unsigned line = in.peek().line;
  if (!in.peek(1).is("="))
    segment.name = in.name("the segment's name");
  bool kind = false, bytes = false;
  attributes(".segment", {{"kind",
                           [&] {
                             segment.kind =
                                 static_cast<SegmentKind>(enumeration(kSegmentKindNames, "a kind of segment"));
                             kind = true;
                           }},
                          {"bytes", [&] { segment.bytes = in.integer(0, INT64_MAX, "a size"), bytes = true; }},
                          {"align", [&] { segment.align = in.integer(1, INT64_MAX, "an alignment"); }}});
  if (!kind)
    throw AssemblyError{line, "expected kind=" + ::list(vectorOf(kSegmentKindNames)) + " of the segment, got none"};
  if (!bytes && segment.kind != SegmentKind::Const)
    throw AssemblyError{line, "expected bytes=SIZE of the segment, got none"};
  if (program.segments.size() == kMaxSegments)
    throw AssemblyError{line, "expected at most " + std::to_string(kMaxSegments) + " segments, got one more"};
  if (!segment.name.empty() && numberedName(segment.name, "seg", kMaxSegments - 1) < 0)
    segmentIds.emplace(segment.name, program.segments.size());
  program.segments.push_back(std::move(segment));
  segmentLines.push_back(line);
  segmentHasBytes.push_back(bytes);
}

Segment &Assembler::constSegment() {
  if (program.segments.empty() || program.segments.back().kind != SegmentKind::Const)
    in.fail("expected data after a segment of kind const, got it elsewhere");
  return program.segments.back();
}

void Assembler::append(const std::vector<uint8_t> &bytes) {
  Segment &segment = constSegment();
  uint64_t limit = segmentHasBytes.back() ? segment.bytes : kMaxData;
  if (segment.data.size() + bytes.size() > limit || dataBytes + bytes.size() > kMaxData)
    in.fail("expected at most " + std::to_string(std::min(limit, kMaxData)) + " bytes of data, got more");
  dataBytes += bytes.size();
  segment.data.insert(segment.data.end(), bytes.begin(), bytes.end());
}

/// `.data 00ff 12` or `.data i32 1 2 -3`: numbers of a type, little endian.
void Assembler::readData() {
  constSegment();
  Token raw = in.next();
  std::vector<Token> tokens;
  size_t typeEnd = raw.text.find_first_of(" \t");
  std::string first = raw.text.substr(0, typeEnd);
  std::vector<uint8_t> bytes;
  unsigned type = 0;
  while (type < 7 && first != nameOf(static_cast<DType>(type)))
    ++type;
  if (type < 7) {
    DType dtype = static_cast<DType>(type);
    bool isFloat = dtype == DType::f32;
    if (dtype == DType::f16 || dtype == DType::bf16)
      throw AssemblyError{raw.line,
                          "expected data of type i8, u8, i16, i32 or f32 or hexadecimal bytes, got '" + first + "'"};
    tokens = tokenize(typeEnd == std::string::npos ? "" : std::string_view(raw.text).substr(typeEnd));
    for (Token &token : tokens)
      token.line = raw.line;
    TokenStream values(std::move(tokens), in);
    unsigned width = bytesOf(dtype);
    int64_t low = dtype == DType::u8 ? 0 : -(int64_t(1) << (8 * width - 1));
    while (!values.atLineEnd()) {
      uint64_t value =
          isFloat ? values.floatBits() : values.integer(low, low + (int64_t(1) << 8 * width) - 1, nameOf(dtype));
      for (unsigned i = 0; i < width; ++i)
        bytes.push_back(value >> (8 * i) & 0xff);
      values.take(",");
    }
    return append(bytes);
  }
  int high = -1;
  for (char c : raw.text) {
    const char *digits = "0123456789abcdef", *digit = std::strchr(digits, c | 0x20);
    bool blank = c == ' ' || c == '\t';
    if (blank ? high >= 0 : !c || !digit)
      throw AssemblyError{raw.line, "expected bytes of two hexadecimal digits, got " +
                                        (blank ? "one digit" : "'" + std::string(1, c) + "'")};
    if (blank)
      continue;
    int value = static_cast<int>(digit - digits);
    if (high >= 0)
      bytes.push_back(high << 4 | value);
    high = high >= 0 ? -1 : value;
  }
  if (high >= 0)
    throw AssemblyError{raw.line, "expected bytes of two hexadecimal digits, got one digit"};
  append(bytes);
}

void Assembler::readFill() {
  Segment &segment = constSegment();
  uint64_t limit = segmentHasBytes.back() ? std::min(segment.bytes, kMaxData) : kMaxData;
  uint64_t count = in.integer(0, limit, "a number of bytes");
  uint8_t value = 0;
  if (in.take(","))
    value = in.integer(-128, 255, "a byte");
  append(std::vector<uint8_t>(count, value));
}

void Assembler::readFile() {
  constSegment();
  if (in.peek().kind != TokenKind::String)
    in.failExpected("the path of a file in quotes");
  std::string path = in.peek().text;
  size_t slash = file.rfind('/');
  if (!path.empty() && path[0] != '/' && slash != std::string::npos)
    path = file.substr(0, slash + 1) + path;
  // A device would go on for ever.
  std::error_code failure;
  bool regular = std::filesystem::is_regular_file(path, failure);
  std::ifstream stream(path, std::ios::binary);
  if (!regular || !stream)
    in.fail("expected a readable file, got '" + path + "'");
  if (std::filesystem::file_size(path, failure) > kMaxData)
    in.fail("expected a file of at most " + std::to_string(kMaxData) + " bytes, got '" + path + "'");
  std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  append(bytes);
  in.next();
}

void Assembler::checkSegments() {
  for (size_t i = 0; i < program.segments.size(); ++i) {
    Segment &segment = program.segments[i];
    if (segment.kind != SegmentKind::Const)
      continue;
    if (!segmentHasBytes[i])
      segment.bytes = segment.data.size();
    if (segment.bytes != segment.data.size())
      throw AssemblyError{segmentLines[i], "segment '" + segment.name + "': expected " + std::to_string(segment.bytes) +
                                               " bytes of data, got " + std::to_string(segment.data.size())};
  }
}

void Assembler::readIO() {
  IOTensor io;
  unsigned line = in.peek().line;
  io.name = in.name("the tensor's name");
  static const char *const kinds[] = {"input", "output", nullptr};
  bool kind = false, hasSegment = false;
  attributes(".io", {{"kind", [&] { io.isOutput = enumeration(kinds, "a kind of tensor") == 1, kind = true; }},
                     {"dtype", [&] { io.dtype = in.name("a type"); }},
                     {"dims", [&] { io.dims = list("[", "]"); }},
                     {"layout", [&] { io.layout = in.name("a layout"); }},
                     {"scale",
                      [&] {
                        uint32_t bits = in.floatBits();
                        std::memcpy(&io.scale, &bits, sizeof(bits));
                      }},
                     {"zp", [&] { io.zeroPoint = in.integer(INT32_MIN, INT32_MAX, "a zero point"); }},
                     {"axis", [&] { io.quantAxis = in.integer(-1, INT32_MAX, "a dimension"); }},
                     {"alias", [&] { io.aliasOf = in.integer(-1, INT32_MAX, "a tensor's number"); }},
                     {"open", [&] { io.openDims = openDims(); }},
                     {"segment", [&] { io.segment = segment(), hasSegment = true; }},
                     {"offset", [&] { io.offset = in.integer(0, INT64_MAX, "an offset"); }},
                     {"bytes", [&] { io.bytes = in.integer(0, INT64_MAX, "a size"); }}});
  if (!kind || !hasSegment)
    throw AssemblyError{line, std::string("expected ") + (kind ? "segment=NAME" : "kind=input or output") +
                                  " of the tensor, got none"};
  program.io.push_back(std::move(io));
}

/// `[dim, argument, min, max, ...]`: four numbers for each open extent.
std::vector<OpenDim> Assembler::openDims() {
  std::vector<int64_t> values = list("[", "]");
  if (values.size() % 4)
    in.fail("expected dimension, argument, minimum and maximum of each open extent, got " +
            std::to_string(values.size()) + " numbers");
  std::vector<OpenDim> dims;
  for (size_t i = 0; i < values.size(); i += 4) {
    if (values[i] < 0 || values[i] > UINT32_MAX || values[i + 1] < 0 || values[i + 1] > UINT32_MAX)
      in.fail("expected the numbers of a dimension and of an argument, got " + std::to_string(values[i]) + " and " +
              std::to_string(values[i + 1]));
    dims.push_back(
        {static_cast<unsigned>(values[i]), static_cast<unsigned>(values[i + 1]), values[i + 2], values[i + 3]});
  }
  return dims;
}

void Assembler::readWeight() {
  ConstLocation weight;
  unsigned line = in.peek().line;
  weight.name = in.name("the weight's name");
  bool hasSegment = false;
  attributes(".weight", {{"packing", [&] { weight.packing = in.name("a packing"); }},
                         {"segment", [&] { weight.segment = segment(), hasSegment = true; }},
                         {"offset", [&] { weight.offset = in.integer(0, INT64_MAX, "an offset"); }},
                         {"bytes", [&] { weight.bytes = in.integer(0, INT64_MAX, "a size"); }}});
  if (!hasSegment)
    throw AssemblyError{line, "expected segment=NAME of the weight, got none"};
  program.constants.push_back(std::move(weight));
}

void Assembler::readBuild() {
  unsigned line = in.peek().line;
  std::string key = in.name("a key");
  in.expect("=");
  if (!program.buildInfo.emplace(key, in.name("a value")).second)
    throw AssemblyError{line, "expected a key once, got '" + key + "' twice"};
}

void Assembler::readOp() {
  DebugOp op;
  if (in.peek().kind == TokenKind::Number &&
      in.integer(0, INT64_MAX, "a number") != static_cast<int64_t>(program.debugOps.size()))
    in.fail("expected operations in order, the next is " + std::to_string(program.debugOps.size()) +
            ", got another number");
  auto count = [&](uint64_t &value) { return [&] { value = in.integer(0, INT64_MAX, "a count"); }; };
  attributes(".op", {{"node", [&] { op.node = in.name("a node's name"); }},
                     {"type", [&] { op.opType = in.name("an operator"); }},
                     {"loc", [&] { op.location = in.name("a location"); }},
                     {"parent", [&] { op.parent = in.integer(-1, INT32_MAX, "an operation"); }},
                     {"macs", count(op.macs)},
                     {"bytes", count(op.bytes)},
                     {"cycles", count(op.predictedCycles)}});
  program.debugOps.push_back(std::move(op));
}

void Assembler::readLoc() {
  hasLoc = true;
  loc = DebugLine();
  attributes(".loc", {{"op", [&] { loc.op = in.integer(0, UINT32_MAX, "an operation"); }},
                      {"tile", [&] {
                         std::vector<int64_t> values = list("", "");
                         if (values.size() > 4)
                           in.fail("expected at most 4 tile coordinates, got " + std::to_string(values.size()));
                         for (size_t i = 0; i < values.size(); ++i) {
                           if (values[i] < INT32_MIN || values[i] > INT32_MAX)
                             in.fail("expected a tile coordinate of 32 bits, got " + std::to_string(values[i]));
                           loc.tile[i] = static_cast<int32_t>(values[i]);
                         }
                       }}});
}

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

/// `[@pN] [ENGINE.]MNEMONIC key=value, ... [wait SEM] [sig SEM]`
void Assembler::instruction() {
  unsigned line = in.peek().line;
  int predicate = -1;
  if (in.take("@")) {
    predicate = numberedName(in.peek().text, "p", 3);
    if (predicate < 0 || in.peek().kind != TokenKind::Word)
      in.failExpected("a predicate from p0 to p3");
    in.next();
  }
  if (in.peek().kind != TokenKind::Word)
    in.failExpected("an instruction or a directive");
  std::string name = in.peek().text, engineName;
  size_t dot = name.find('.');
  if (dot != std::string::npos) {
    engineName = name.substr(0, dot);
    name = name.substr(dot + 1);
  }
  const OpcodeInfo *info = nullptr;
  unsigned opcode = 0;
  for (; opcode < 256 && !info; ++opcode) {
    info = infoOf(static_cast<uint8_t>(opcode));
    if (info && name != info->mnemonic)
      info = nullptr;
  }
  if (!info)
    in.failExpected("an instruction or a directive");
  Instruction inst = make(static_cast<Opcode>(opcode - 1));
  if (!engineName.empty()) {
    unsigned e = 0;
    while (e < kEngines && engineName != nameOf(static_cast<Engine>(e)))
      ++e;
    if (e == kEngines)
      in.fail("expected an engine before '." + name + "', got '" + engineName + "'");
    inst.engine = static_cast<Engine>(e);
  } else if (info->engines & (info->engines - 1)) {
    in.fail("expected ENGINE." + name + ": more than one engine executes it, got '" + name + "'");
  }
  in.next();
  inst.predicate = static_cast<int8_t>(predicate);
  operands(inst, *info);
  std::string bytes, error;
  if (!encode(inst, bytes, error))
    throw AssemblyError{line, error};
  program.code.push_back(inst);
  program.debugLines.push_back(loc);
  instructionLines.push_back(line);
}

void Assembler::operands(Instruction &inst, const OpcodeInfo &info) {
  uint64_t seen = 0;
  bool first = true;
  while (!in.atLineEnd()) {
    bool clause = in.peek().kind == TokenKind::Word && !in.peek(1).is("=");
    if (clause && (in.peek().text == "wait" || in.peek().text == "sig")) {
      int8_t &slot = in.peek().text == "wait" ? inst.wait : inst.signal;
      if (slot >= 0)
        in.fail("expected '" + in.peek().text + "' once, got it twice");
      in.next();
      slot = static_cast<int8_t>(semaphore());
      first = true;
      continue;
    }
    if (!first)
      in.expect(",");
    first = false;
    unsigned index = 0;
    while (index < info.fieldCount && in.peek().text != info.fields[index].name)
      ++index;
    if (index == info.fieldCount || in.peek().kind != TokenKind::Word) {
      std::vector<std::string> names;
      for (unsigned i = 0; i < info.fieldCount; ++i)
        names.push_back(info.fields[i].name);
      in.failExpected(
          "'wait', 'sig'" +
          (names.empty() ? "" : " or a field of " + std::string(info.mnemonic) + " (" + ::list(names) + ")"));
    }
    if (seen >> index & 1)
      in.fail("expected '" + in.peek().text + "' once, got it twice");
    seen |= uint64_t(1) << index;
    in.next();
    in.expect("=");
    unsigned line = in.peek().line;
    try {
      inst.fields[index] = fieldValue(info.fields[index], inst);
    } catch (AssemblyError &e) {
      e.message = std::string("'") + info.mnemonic + "." + info.fields[index].name + "': " + e.message;
      e.line = line;
      throw;
    }
  }
}

int64_t Assembler::fieldValue(const FieldInfo &field, Instruction &inst) {
  bool isRegister = in.peek().kind == TokenKind::Word && numberedName(in.peek().text, "AR", kAddressRegisters - 1) >= 0;
  switch (field.kind) {
  case FieldKind::Register:
    if (isRegister)
      return numberedName(in.next().text, "AR", kAddressRegisters - 1);
    break;
  case FieldKind::F32:
    return in.floatBits();
  case FieldKind::Enumeration:
    return enumeration(field.values, "a value");
  case FieldKind::Local:
    return localAddress();
  case FieldKind::Global:
    return globalAddress();
  default:
    break;
  }
  // The operand that is an address or a number says which by its form.
  if (field.field == Field::s1) {
    if (in.peek().kind == TokenKind::Word && in.peek(1).is("["))
      return localAddress();
    inst.set(Field::s1_imm, 1);
    return in.floatBits();
  }
  // LOOP's trip may name a register, too.
  if (field.field == Field::trip && isRegister) {
    inst.set(Field::trip_ar, 1);
    return numberedName(in.next().text, "AR", kAddressRegisters - 1);
  }
  int64_t high = (int64_t(1) << field.width) - 1, low = 0;
  if (field.kind == FieldKind::SInt) {
    low = -(int64_t(1) << (field.width - 1));
    high = -low - 1;
  } else if (field.kind == FieldKind::Bits) {
    // -1 is the same pattern as all ones.
    low = -(int64_t(1) << (field.width - 1));
  }
  int64_t value = in.integer(low, high, "a number");
  return field.kind == FieldKind::Bits ? value & ((int64_t(1) << field.width) - 1) : value;
}

int64_t Assembler::enumeration(const char *const *names, const char *what) {
  for (int i = 0; names[i]; ++i) {
    if (in.peek().kind != TokenKind::Word || in.peek().text != names[i])
      continue;
    in.next();
    return i;
  }
  in.failExpected(std::string(what) + " (" + ::list(vectorOf(names)) + ")");
}

/// `expr`, `ARn`, `expr+ARn` or `ARn+expr`, up to the closing bracket. Returns the register.
uint8_t Assembler::offsetAndRegister(int64_t &offset) {
  auto registerHere = [&] {
    return in.peek().kind == TokenKind::Word ? numberedName(in.peek().text, "AR", kAddressRegisters - 1) : -1;
  };
  offset = 0;
  int ar = registerHere();
  if (ar >= 0) {
    in.next();
    if (in.take("+"))
      offset = in.expression(true);
  } else {
    offset = in.expression(true);
    if (in.take("+"))
      ar = registerHere(), in.next();
  }
  in.expect("]");
  return ar < 0 ? 0 : static_cast<uint8_t>(ar);
}

int64_t Assembler::localAddress() {
  LocalAddress address;
  unsigned space = 0;
  while (space < kSpaces && in.peek().text != nameOf(static_cast<Space>(space)))
    ++space;
  if (space == kSpaces || !in.peek(1).is("["))
    in.failExpected("a local address (SPACE[OFFSET+ARn], with SPACE one of L1, A0, B0, C0, VB)");
  in.next(), in.next();
  address.space = static_cast<Space>(space);
  int64_t offset;
  address.ar = offsetAndRegister(offset);
  constexpr int64_t limit = int64_t(kGranuleBytes) << 20;
  if (offset % kGranuleBytes || offset < 0 || offset >= limit)
    in.fail("expected an offset from 0 to " + std::to_string(limit - kGranuleBytes) + " that is a multiple of " +
            std::to_string(kGranuleBytes) + ", got " + std::to_string(offset));
  address.granule = static_cast<uint32_t>(offset / kGranuleBytes);
  return static_cast<int64_t>(pack(address));
}

unsigned Assembler::segment() {
  int index = numberedName(in.peek().text, "seg", kMaxSegments - 1);
  auto it = segmentIds.find(in.peek().text);
  if (in.peek().kind != TokenKind::Word || (index < 0 && it == segmentIds.end()))
    in.failExpected("the name of a segment or seg0 to seg15");
  in.next();
  return index >= 0 ? index : it->second;
}

int64_t Assembler::globalAddress() {
  GlobalAddress address;
  if (in.peek().kind != TokenKind::Word || !in.peek(1).is("["))
    in.failExpected("an address in DRAM (SEGMENT[OFFSET+ARn])");
  address.segment = static_cast<uint8_t>(segment());
  in.expect("[");
  int64_t offset;
  address.ar = offsetAndRegister(offset);
  constexpr int64_t limit = (int64_t(1) << 40) - 1;
  if (offset < 0 || offset > limit)
    in.fail("expected an offset from 0 to " + std::to_string(limit) + ", got " + std::to_string(offset));
  address.offset = static_cast<uint64_t>(offset);
  return static_cast<int64_t>(pack(address));
}

int Assembler::semaphore() {
  if (in.peek().kind == TokenKind::Word) {
    int id = numberedName(in.peek().text, "s", 63);
    auto it = semaphoreIds.find(in.peek().text);
    if (id >= 0 || it != semaphoreIds.end()) {
      in.next();
      return id >= 0 ? id : static_cast<int>(it->second);
    }
  }
  in.failExpected("a semaphore's name or s0 to s63");
}
} // namespace

bool aic::npu::assemble(std::string_view text, const std::string &file, Program &program, std::string &machine,
                        std::string &error, std::vector<unsigned> *lines) {
  Program result;
  std::string resultMachine;
  try {
    Assembler assembler(tokenize(text), file, result, resultMachine);
    assembler.run();
    if (lines)
      *lines = assembler.lines();
  } catch (const AssemblyError &e) {
    error = file + ":" + std::to_string(e.line) + ": " + e.message;
    return false;
  }
  program = std::move(result);
  if (!resultMachine.empty())
    machine = resultMachine;
  return true;
}
