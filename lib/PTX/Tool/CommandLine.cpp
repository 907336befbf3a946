// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Tool.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace aic::ptx {

static const char *const help = R"(NAME
  aic-ptx-run - run a PTX kernel on this machine, without a GPU, and check it

USAGE
  aic-ptx-run FILE.ptx --kernel=NAME --grid=X[,Y[,Z]] --block=X[,Y[,Z]] [OPTION...]
  aic-ptx-run FILE.ptx --list

ARGUMENTS OF THE KERNEL, in its order
  --arg=NAME:TYPE[SHAPE]:SOURCE   a buffer, for example A:f16[256x64]:rand
      TYPE    f16 bf16 f32 f64 i1 i8 i16 i32 i64 u8 u16 u32 u64
      SOURCE  rand (multiples of 1/8 in [-1,1]; small integers), zeros, out (not initialised), @FILE.npy
      With :map=BOX[/SWIZZLE] behind the source the kernel gets a tensor map of the buffer, by value or (where its
      parameter has 8 bytes) by address, for example
      A:f16[256x320]:rand:map=128x64/128 (swizzle 0, 32, 64 or 128 bytes; shape and box outermost first).
  --arg=NAME:TYPE:VALUE           a scalar, for example n:i32:1000
  --arg=NAME:bytes:HEX            a struct by value, for example p:bytes:0400000000002040

LAUNCH
  --dyn-smem=BYTES     dynamic shared memory (default 0)
  --blocks=I,J,...     run only these blocks (linear indices)

RESULTS
  --expect=[NAME:]FILE.npy    compare a buffer after the launch; NAME may be left out with one `out` buffer
  --tolerance=ABS[,REL]       how far elements may differ (default 0)
  --output=[NAME:]FILE.npy    write a buffer after the launch

CHECKS
  --check=all|none|LIST  of races, async, uninitialised, divergence (these are the default), global-races (races in
                         global memory), global-uninitialised (reads of `out` buffers before they are written)
  --async=late|early|random   when copies land: at the wait, at once, or in between (default late)
  --seed=N             permutes blocks, warps and lane groups (default 0: the natural order)
  --seeds=N            runs with the seeds 0 to N-1, each from the same buffers
  --approx=worst       ex2, rcp, rsqrt, ... at the edge of their documented error
  --max-errors=N       stop after so many different errors (default 16)
  --max-steps=N        stop after so many warp instructions
  --data-seed=N        another set of random numbers (default 1)

MEASURES
  --counters=FILE      bank conflicts, sectors, instruction mix by line, as JSON (- is the standard output)

FAULTS
  --mutate=list        print what can be broken: barriers, waits, arrivals, fences, expected bytes
  --mutate=N           run with number N of that list broken
  --mutate=all         break each one in turn; fails if one is neither reported nor changes a result
  --redundant=LINE,... synchronisations that may be broken unnoticed

  --quiet              no summary
  --help               this text

EXIT STATUS
  0  every check holds and every result is as expected
  1  the kernel, its results or a mutant failed
  2  the command line, the PTX or the launch is wrong
)";

static bool parseUnsigned(const std::string &text, uint64_t &value, uint64_t limit) {
  if (text.empty() || text[0] < '0' || text[0] > '9')
    return false;
  char *end;
  errno = 0;
  value = strtoull(text.c_str(), &end, 0);
  return !*end && !errno && value <= limit;
}

static std::vector<std::string> splitList(const std::string &text) {
  std::vector<std::string> parts;
  for (size_t at = 0; at <= text.size();) {
    size_t end = std::min(text.find(',', at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

static std::string parseDims(const std::string &text, Dim3 &dims) {
  std::vector<std::string> parts = splitList(text);
  uint32_t values[3] = {1, 1, 1};
  if (parts.size() > 3)
    return "expected at most three extents";
  for (size_t i = 0; i < parts.size(); ++i) {
    uint64_t v;
    if (!parseUnsigned(parts[i], v, 0xffffffff) || !v)
      return "expected X[,Y[,Z]], got '" + text + "'";
    values[i] = uint32_t(v);
  }
  dims = {values[0], values[1], values[2]};
  return "";
}

static std::string parseChecks(const std::string &text, CommandLine &command) {
  Options &o = command.options;
  if (text == "all") {
    o.races = o.async = o.uninitialised = o.divergence = o.globalRaces = true;
    command.trackGlobal = true;
    return "";
  }
  o.races = o.async = o.uninitialised = o.divergence = o.globalRaces = false;
  if (text == "none")
    return "";
  for (const std::string &name : splitList(text)) {
    if (name == "races")
      o.races = true;
    else if (name == "async")
      o.async = true;
    else if (name == "uninitialised")
      o.uninitialised = true;
    else if (name == "divergence")
      o.divergence = true;
    else if (name == "global-races")
      o.globalRaces = true;
    else if (name == "global-uninitialised")
      command.trackGlobal = true;
    else
      return "unknown check '" + name + "'";
  }
  return "";
}

std::string parseCommandLine(int argc, char **argv, CommandLine &command, bool &done) {
  done = false;
  for (int i = 1; i < argc; ++i) {
    std::string arg = argv[i];
    if (arg == "--help" || arg == "-h") {
      fputs(help, stdout);
      done = true;
      return "";
    }
    if (arg.rfind("--", 0) != 0) {
      if (!command.file.empty())
        return "expected one file, got '" + command.file + "' and '" + arg + "'";
      command.file = arg;
      continue;
    }
    size_t equals = arg.find('=');
    std::string name = arg.substr(2, equals == std::string::npos ? equals : equals - 2);
    std::string value = equals == std::string::npos ? "" : arg.substr(equals + 1);
    std::string problem;
    uint64_t number = 0;
    auto named = [&](std::vector<Expectation> &list) {
      size_t colon = value.find(':');
      Expectation e;
      e.name = colon == std::string::npos ? "" : value.substr(0, colon);
      e.file = colon == std::string::npos ? value : value.substr(colon + 1);
      if (e.file.empty())
        problem = "expected a file";
      list.push_back(e);
    };
    auto count = [&](uint64_t limit) {
      if (!parseUnsigned(value, number, limit))
        problem = "expected a number up to " + std::to_string(limit) + ", got '" + value + "'";
      return number;
    };
    bool flagOnly = name == "list" || name == "quiet";
    if (flagOnly != (equals == std::string::npos))
      return flagOnly ? "--" + name + " takes no value" : "unknown option or no value: '" + arg + "'";
    if (name == "kernel") {
      command.kernel = value;
    } else if (name == "grid") {
      problem = parseDims(value, command.launch.grid);
      command.gridGiven = true;
    } else if (name == "block") {
      problem = parseDims(value, command.launch.block);
      command.blockGiven = true;
    } else if (name == "dyn-smem") {
      command.launch.dynamicShared = uint32_t(count(1 << 24));
    } else if (name == "blocks") {
      for (const std::string &part : splitList(value)) {
        uint64_t v;
        if (!parseUnsigned(part, v, 0x7fffffff))
          problem = "expected block numbers, got '" + value + "'";
        else
          command.options.onlyBlocks.push_back(uint32_t(v));
      }
    } else if (name == "arg") {
      Argument argument;
      problem = parseArgument(value, argument);
      command.arguments.push_back(std::move(argument));
    } else if (name == "expect") {
      named(command.expect);
    } else if (name == "output") {
      named(command.outputs);
    } else if (name == "tolerance") {
      std::vector<std::string> parts = splitList(value);
      double *targets[2] = {&command.absolute, &command.relative};
      for (size_t k = 0; k < parts.size(); ++k) {
        char *end = nullptr;
        double v = k < 2 && !parts[k].empty() ? strtod(parts[k].c_str(), &end) : -1;
        if (!end || *end || !(v >= 0))
          problem = "expected ABS[,REL], got '" + value + "'";
        else
          *targets[k] = v;
      }
    } else if (name == "check") {
      problem = parseChecks(value, command);
    } else if (name == "async") {
      if (value == "late" || value == "early" || value == "random")
        command.options.asyncMode = value == "late"    ? AsyncMode::Late
                                    : value == "early" ? AsyncMode::Early
                                                       : AsyncMode::Random;
      else
        problem = "expected late, early or random, got '" + value + "'";
    } else if (name == "seed") {
      command.options.seed = count(UINT64_MAX);
    } else if (name == "seeds") {
      command.seeds = unsigned(count(10000));
      if (!command.seeds && problem.empty())
        problem = "expected at least 1";
    } else if (name == "data-seed") {
      command.dataSeed = count(UINT64_MAX);
    } else if (name == "approx") {
      command.options.worstApprox = value == "worst";
      if (value != "worst" && value != "exact")
        problem = "expected worst or exact, got '" + value + "'";
    } else if (name == "max-errors") {
      command.options.maxErrors = unsigned(count(100000));
    } else if (name == "max-steps") {
      command.options.maxSteps = count(UINT64_MAX);
    } else if (name == "counters") {
      command.counters = value;
      command.options.counters = true;
    } else if (name == "mutate") {
      command.mutate = value;
      if (value != "list" && value != "all" && !parseUnsigned(value, number, 1000000))
        problem = "expected list, all or a number, got '" + value + "'";
    } else if (name == "redundant") {
      for (const std::string &part : splitList(value)) {
        uint64_t v;
        if (!parseUnsigned(part, v, 100000000))
          problem = "expected lines, got '" + value + "'";
        else
          command.redundant.push_back(unsigned(v));
      }
    } else if (name == "list") {
      command.listKernels = true;
    } else if (name == "quiet") {
      command.quiet = true;
    } else {
      return "unknown option '--" + name + "'";
    }
    if (!problem.empty())
      return "--" + name + "=" + value + ": " + problem;
  }
  if (command.file.empty())
    return "expected a PTX file (--help says more)";
  return "";
}

} // namespace aic::ptx
