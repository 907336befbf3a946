//===- Container.h - Reading and writing .npub files --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A .npub file holds one program, its weights and the machine it was made for. docs/NPU/Container.md describes the
// format. Whatever the bytes are, reading them ends with a program that fulfils every rule of that page, or with one
// defect. Neither LLVM nor MLIR.
//
//===----------------------------------------------------------------------===//

#ifndef AIC_NPU_CONTAINER_CONTAINER_H
#define AIC_NPU_CONTAINER_CONTAINER_H

#include "aic/NPU/Machine.h"
#include "aic/NPU/Program.h"

#include <string_view>

namespace aic::npu {

constexpr unsigned kNpubMajor = 1, kNpubMinor = 0;

// Every way in which a file can be wrong: the enumerator, its name in messages and the rule it breaks.
#define AIC_NPUB_DEFECTS(X)                                                                                            \
  X(Truncated, "truncated", "the file holds a whole header")                                                           \
  X(Magic, "magic", "the file starts with the eight bytes of a .npub file")                                            \
  X(HeaderChecksum, "header-checksum", "the header's checksum fits its bytes")                                         \
  X(MajorVersion, "major-version", "the major version is this reader's")                                               \
  X(HeaderFlags, "header-flags", "the header's flags are 0")                                                           \
  X(FileSize, "file-size", "the header's file size is the file's")                                                     \
  X(SectionCount, "section-count", "there are 1 to 1024 sections")                                                     \
  X(SectionEntrySize, "section-entry-size", "an entry of the section table has 64 bytes")                              \
  X(SectionTable, "section-table", "the section table follows the header and lies in the file")                        \
  X(SectionFlags, "section-flags", "a section has the flags of its type, and known ones")                              \
  X(SectionReserved, "section-reserved", "reserved bytes of a section's entry are 0")                                  \
  X(SectionAlignment, "section-alignment", "a section lies at a multiple of its alignment")                            \
  X(SectionBounds, "section-bounds", "a section lies in the file")                                                     \
  X(SectionOverlap, "section-overlap", "sections lie behind each other in the order of the table")                     \
  X(Padding, "padding", "between two sections lie only zeros, fewer than the alignment")                               \
  X(SectionChecksum, "section-checksum", "a section's checksum fits its bytes")                                        \
  X(UnknownCritical, "unknown-critical", "a section that a reader must know is known")                                 \
  X(MissingSection, "missing-section", "every section that a program needs is there")                                  \
  X(DuplicateSection, "duplicate-section", "a section is there once, CODE and CONST once for each number")             \
  X(SectionMemory, "section-memory", "a section's size in memory is its size, or larger with ZEROFILL")                \
  X(FileHashPlace, "file-hash-place", "SHA256 is the last section and has 32 bytes")                                   \
  X(FileHash, "file-hash", "the file's hash fits its bytes")                                                           \
  X(StringTable, "string-table", "a string table starts and ends with a zero byte")                                    \
  X(StringOffset, "string-offset", "a name starts inside its string table")                                            \
  X(SectionName, "section-name", "a section of a known type has its name")                                             \
  X(MachineText, "machine-text", "MACHINE describes a machine")                                                        \
  X(MachineCanonical, "machine-canonical", "MACHINE is in canonical form")                                             \
  X(MachineHash, "machine-hash", "the header's machine hash is that of MACHINE")                                       \
  X(OtherMachine, "other-machine", "the program was made for the machine that is to run it")                           \
  X(IsaVersion, "isa-version", "the instruction set is this reader's")                                                 \
  X(TableSize, "table-size", "a table's size is that of its records")                                                  \
  X(Reserved, "reserved", "reserved fields of a record are 0")                                                         \
  X(SegmentCount, "segment-count", "there are at most 16 segments")                                                    \
  X(SegmentKind, "segment-kind", "a segment has a known kind")                                                         \
  X(SegmentSize, "segment-size", "a segment has at most 2^40 bytes")                                                   \
  X(SegmentAlign, "segment-align", "a segment's alignment is a power of two up to 2^20")                               \
  X(SegmentBacking, "segment-backing", "a CONST segment, and no other, has a CONST section of its size")               \
  X(SemaphoreId, "semaphore-id", "a semaphore's number is on the machine and declared once")                           \
  X(SemaphoreEngine, "semaphore-engine", "a semaphore goes from one queue to another or the same")                     \
  X(SemaphoreInitial, "semaphore-initial", "a semaphore starts with at most the machine's largest count")              \
  X(ProgramCores, "program-cores", "a program runs on one core, core 0, from its first instruction on")                \
  X(ProgramArguments, "program-arguments", "a program has at most 256 launch arguments")                               \
  X(ProgramSizes, "program-sizes", "PROGRAM's counts are those of the other sections")                                 \
  X(IoType, "io-type", "a tensor has a known element type")                                                            \
  X(IoShape, "io-shape", "a tensor has at most 8 extents, none negative")                                              \
  X(IoOpenDim, "io-open-dim", "an open extent has a launch argument and a range that ends with the extent")            \
  X(IoSegment, "io-segment", "a tensor lies in a segment that the host can see")                                       \
  X(IoBounds, "io-bounds", "a tensor's bytes hold its elements and lie in its segment")                                \
  X(IoQuant, "io-quant", "a scale is a number from 0 on, its axis one of the tensor's")                                \
  X(IoAlias, "io-alias", "an output that replaces an input lies where that lies")                                      \
  X(ConstBounds, "const-bounds", "a weight lies in a CONST segment")                                                   \
  X(ConstHash, "const-hash", "a weight's hash fits its bytes")                                                         \
  X(DebugParent, "debug-parent", "an operation's group is an earlier operation")                                       \
  X(DebugLine, "debug-line", "DEBUG_LINE names an operation for each instruction")                                     \
  X(PerfHint, "perf-hint", "PERFHINT has a number for each operation")                                                 \
  X(BuildInfo, "build-info", "BUILDINFO is lines of key=value, sorted, each key once")                                 \
  X(CodeSize, "code-size", "CODE is a number of 16-byte words")                                                        \
  X(CodeDecode, "code-decode", "every instruction decodes")                                                            \
  X(CodeHalt, "code-halt", "HALT is the last instruction and only it")                                                 \
  X(CodeLoop, "code-loop", "every LOOP has its ENDLOOP")                                                               \
  X(CodeLoopDepth, "code-loop-depth", "at most 8 loops are nested")                                                    \
  X(CodeLoopIndex, "code-loop-index", "SETP asks for the index of a loop that it is in")                               \
  X(CodeArgument, "code-argument", "LDARG asks for a launch argument that there is")                                   \
  X(CodeSemaphoreUndeclared, "code-semaphore-undeclared", "an instruction's semaphores are declared")                  \
  X(CodeSemaphoreEngine, "code-semaphore-engine", "a semaphore is signalled and awaited by its declared engines")      \
  X(CodeSemaphoreMissing, "code-semaphore-missing", "SWAIT has a wait and SSIG a signal")                              \
  X(CodeSegment, "code-segment", "an instruction's segment is declared")                                               \
  X(CodeSegmentWrite, "code-segment-write", "no instruction writes to a CONST or INPUT segment")                       \
  X(CodeSegmentBounds, "code-segment-bounds", "an address in DRAM lies in its segment, where it is static")            \
  X(CodeSpaceBounds, "code-space-bounds", "a local address lies in its space, where it is static")                     \
  X(CodePath, "code-path", "the machine has the way that an instruction moves data on")

enum class Defect : uint8_t {
  None,
#define AIC_NPUB_ENUMERATOR(id, name, rule) id,
  AIC_NPUB_DEFECTS(AIC_NPUB_ENUMERATOR)
#undef AIC_NPUB_ENUMERATOR
};
/// "section-overlap".
const char *nameOf(Defect defect);
/// The rule of docs/NPU/Container.md that a defect breaks.
const char *ruleOf(Defect defect);
/// All but None.
std::vector<Defect> allDefects();

/// What is wrong with a file first.
struct Diagnosis {
  Defect defect = Defect::None;
  std::string text; // "section 3 (IO): expected ..., got ... [io-type]"
};

struct ReadOptions {
  /// Refuses a program that was made for another machine.
  const Machine *machine = nullptr;
  /// False leaves Segment::data empty: Npub::constants views the bytes where they lie.
  bool copyConstants = true;
};

/// A file's content. `constants` has the bytes of each CONST segment (an empty view for the others) and is valid as
/// long as the bytes that were read; it ends early where the rest of the segment is zeros.
struct Npub {
  Machine machine;
  Program program;
  std::vector<std::string_view> constants;
};

/// Writes the program's file; the same program gives the same bytes. False with the reason if it breaks a rule of the
/// format, as any reader would say it.
bool writeNpub(const Program &program, const Machine &machine, std::string &bytes, std::string &error);

/// Reads and checks a whole file. Leaves `npub` alone if anything is wrong.
bool readNpub(std::string_view bytes, Npub &npub, Diagnosis &diagnosis, const ReadOptions &options = {});

/// As readNpub, without keeping what was read.
Diagnosis validateNpub(std::string_view bytes);

/// The file without its STRIPPABLE sections. Every other section keeps its bytes.
bool stripNpub(std::string_view bytes, std::string &stripped, std::string &error);

/// Checks instructions against what the program declares and the machine offers: what readNpub does with CODE. False
/// with the first defect.
bool checkCode(const Program &program, const Machine &machine, Diagnosis &diagnosis);

/// One line of the section table, for tools.
struct SectionSummary {
  std::string name;
  uint32_t type = 0, flags = 0;
  uint64_t offset = 0, size = 0;
};
/// The sections of a file that readNpub takes; none for any other.
std::vector<SectionSummary> sectionsOf(std::string_view bytes);

/// A file's bytes, mapped.
class MappedFile {
public:
  MappedFile() = default;
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;
  ~MappedFile();
  bool open(const std::string &path, std::string &error);
  std::string_view bytes() const { return {data, size}; }

private:
  const char *data = nullptr;
  size_t size = 0;
};

/// Reads a program's file. Messages start with its path. The views in `npub` are valid as long as `file`.
bool loadNpub(const std::string &path, MappedFile &file, Npub &npub, std::string &error,
              const ReadOptions &options = {});

} // namespace aic::npu

#endif // AIC_NPU_CONTAINER_CONTAINER_H
