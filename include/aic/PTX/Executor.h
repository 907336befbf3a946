// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs PTX text on a machine without a GPU and checks it: races, data in flight, barriers, divergence, bounds,
// alignment, uninitialised values. This header and Memory.h are the whole interface of a driver or a tool:
//
//   Memory memory;
//   std::vector<Diagnostic> messages;
//   std::unique_ptr<Program> program = Program::load(text, "k.ptx", memory, messages);
//   const Kernel *kernel = program->kernel("add");
//   LaunchResult result = launch(*program, *kernel, {grid, block}, params, paramBytes, memory, Options());
//
// Nothing here throws or aborts on a bad program, a bad launch or a kernel that goes wrong.
#ifndef AIC_PTX_EXECUTOR_H
#define AIC_PTX_EXECUTOR_H

#include "aic/PTX/Memory.h"
#include "aic/PTX/Types.h"
#include <array>
#include <map>
#include <memory>

namespace aic::ptx {

struct Param {
  std::string name;
  uint32_t offset = 0; // in the packed parameter block
  uint32_t size = 0;
  uint32_t align = 1;
  Type type = Type::None; // B8 for arrays of bytes (structs, tensor maps)
  bool isPointer = false; // carries .ptr
  uint32_t pointeeAlign = 0;
};

struct Kernel {
  std::string name;
  std::vector<Param> params;
  uint32_t paramBytes = 0;
  Dim3 maxThreads{0, 0, 0}; // .maxntid; x is 0 if absent
  Dim3 requiredThreads{0, 0, 0};
  uint32_t maxRegisters = 0;
  uint32_t staticShared = 0; // bytes
  uint32_t localBytes = 0;   // per thread
  uint32_t line = 0;
  unsigned index = 0; // within its program
};

/// What a chip of this `sm` allows.
struct Limits {
  uint32_t maxThreads = 1024;
  Dim3 maxBlock{1024, 1024, 64};
  Dim3 maxGrid{0x7fffffff, 65535, 65535};
  uint32_t sharedDefault = 48 * 1024; // without cuFuncSetAttribute
  uint32_t sharedOptIn = 99 * 1024;
};
Limits limitsOf(unsigned sm);

struct Bytecode; // internal

class Program {
public:
  ~Program();
  /// Lexes, parses, verifies and decodes. Module-scope variables are allocated in `memory`. Null if anything is wrong;
  /// `messages` then says what, one entry an error.
  static std::unique_ptr<Program> load(std::string_view text, std::string name, Memory &memory,
                                       std::vector<Diagnostic> &messages);

  const std::string &name() const;
  unsigned sm() const;                       // 80 for sm_80, 90 for sm_90a
  const std::string &target() const;         // "sm_90a"
  std::pair<unsigned, unsigned> isa() const; // .version
  const std::vector<Kernel> &kernels() const;
  const Kernel *kernel(std::string_view name) const;
  /// Device address and size of a module-scope .global or .const variable; {0, 0} if there is none.
  std::pair<uint64_t, uint64_t> global(std::string_view name) const;
  /// The text of a source line (from 1), for reports.
  std::string_view sourceLine(unsigned line) const;
  /// Frees the module-scope variables; the program cannot run any more.
  void unload(Memory &memory);

  const Bytecode &bytecode() const { return *code; }

private:
  Program();
  std::unique_ptr<Bytecode> code;
};

struct LaunchConfig {
  Dim3 grid, block;
  uint32_t dynamicShared = 0;
  /// Most shared memory the caller opted in to; 0 means the chip's limit.
  uint32_t sharedLimit = 0;
  /// The chip whose limits count; 0 means the one of the program's .target.
  unsigned sm = 0;
};

/// Empty if the chip and the kernel allow such a launch, else why not.
std::string launchProblem(const Program &program, const Kernel &kernel, const LaunchConfig &config);

enum class AsyncMode : uint8_t {
  Late,  // data lands at the last moment the program allows (finds a missing wait)
  Early, // data lands when it is issued (finds a buffer that is refilled too soon)
  Random
};

struct Options {
  bool races = true;         // shared memory
  bool globalRaces = false;  // global memory, within and across blocks
  bool uninitialised = true; // registers and shared memory
  bool async = true;         // poison data in flight, report its use
  bool divergence = true;
  bool counters = false;
  AsyncMode asyncMode = AsyncMode::Late;
  uint64_t seed = 0;                // permutes blocks, warps and lane groups; 0 is the natural order
  bool worstApprox = false;         // ex2, rcp, ... at the edge of their documented error
  unsigned maxErrors = 16;          // distinct errors (kind and lines) after which the launch stops
  uint64_t maxSteps = 0;            // warp instructions; 0 means no limit
  int mutation = -1;                // index into synchronisations(): break this one
  std::vector<uint32_t> onlyBlocks; // linear indices; empty runs them all
  bool namePointers = false;        // findings in global memory name the parameter that points there
  /// Everything off: a plain interpreter.
  static Options unchecked();
};

/// One finding. Equal findings (kind and lines) are counted, not repeated.
struct Error {
  std::string kind; // "race", "in-flight", "uninitialised", "bounds", "misaligned", "divergence", "barrier",
                    // "mbarrier", "deadlock", "fence", "async", "launch", "trap", "memory", "limit"
  unsigned line = 0;
  unsigned otherLine = 0; // the earlier access of a race, or 0
  Dim3 block{0, 0, 0}, thread{0, 0, 0};
  std::string message;
  uint64_t count = 1;
};
/// `file:line: kind: message`, with both source lines quoted.
std::string formatError(const Program &program, const Error &error);

/// Counted per source line; the total is their sum.
struct LineCounters {
  uint64_t instructions = 0; // executed by a warp (or a part of it)
  uint64_t lanes = 0;        // executed by a thread
  uint64_t sharedRequests = 0, sharedBytes = 0;
  uint64_t bankConflicts = 0; // cycles above the minimum
  uint64_t globalRequests = 0, globalBytes = 0;
  uint64_t sectors = 0, sectorsMinimum = 0; // of 32 bytes
  uint64_t localBytes = 0;                  // of arrays and spilled registers
  uint64_t mma = 0, flops = 0;              // flops: of mma and of f16 to f64 add, sub, mul, fma
  void operator+=(const LineCounters &other);
};

struct Counters {
  LineCounters total;
  std::map<unsigned, LineCounters> lines;
  std::map<std::string, uint64_t> mix; // opcode with its type -> warp instructions
  uint64_t blocks = 0, barriers = 0;
  /// A JSON object, keys sorted, for --counters.
  std::string json(const Program &program, const Kernel &kernel) const;
};

struct LaunchResult {
  std::vector<Error> errors;
  uint64_t steps = 0; // warp instructions executed
  Counters counters;
  bool ok() const { return errors.empty(); }
};

LaunchResult launch(const Program &program, const Kernel &kernel, const LaunchConfig &config, const void *params,
                    size_t paramBytes, Memory &memory, const Options &options);

/// A synchronisation of a kernel that can be broken: the instruction's line, and what breaking it does.
struct Synchronisation {
  unsigned line = 0;
  std::string opcode;
  std::string effect; // "removed", "waits for one group fewer", ...
};
std::vector<Synchronisation> synchronisations(const Program &program, const Kernel &kernel);

} // namespace aic::ptx

#endif // AIC_PTX_EXECUTOR_H
