// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Weights.cpp - The weight section as an ELF object ------------------===//
//
// The linker gets an object whose data is a hole in its file: zeros that were never written. After the link the
// constants are written into the library, packed one by one, so they pass the disk once and memory does not grow with
// them. The section is marked large, so that more than 2 GB link.
//
//===----------------------------------------------------------------------===//
#include "aic/CodeGen/CodeGen.h"
#include "aic/Conversion/HostToLLVM/HostToLLVM.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <cstring>

namespace ELF = llvm::ELF;

namespace mlir::aic {
namespace {
constexpr uint64_t kDataStart = 4096;

/// Row-major bytes of a constant, one byte or more per element.
class ConstantBytes {
public:
  explicit ConstantBytes(ElementsAttr value) : value(value) {}

  /// The bytes in one piece: the constant's own, or a copy.
  ArrayRef<char> get() {
    if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
      return resource.getRawHandle().getBlob()->getData();
    auto dense = cast<DenseElementsAttr>(value);
    if (!dense.isSplat() && !dense.getElementType().isInteger(1))
      return dense.getRawData();
    expand(dense);
    return copy;
  }

private:
  void expand(DenseElementsAttr dense) {
    if (dense.getElementType().isInteger(1)) {
      for (bool b : dense.getValues<bool>())
        copy.push_back(b);
      return;
    }
    ArrayRef<char> element = dense.getRawData();
    copy.resize(element.size() * dense.getNumElements());
    for (int64_t i = 0, n = dense.getNumElements(); i < n; ++i)
      std::memcpy(copy.data() + i * element.size(), element.data(), element.size());
  }

  ElementsAttr value;
  SmallVector<char, 0> copy;
};

LogicalResult writePacked(Location loc, ElementsAttr value, DictionaryAttr entry, ArrayRef<char> bytes,
                          raw_ostream &os) {
  OpBuilder b(loc.getContext());
  OwningOpRef<ModuleOp> scratch = ModuleOp::create(loc);
  b.setInsertionPointToStart(scratch->getBody());
  auto input = arith::ConstantOp::create(b, loc, cast<TypedAttr>(value));
  auto pack = PackOp::create(b, loc, entry.getAs<TypeAttr>("packed").getValue(), input,
                             entry.getAs<DenseI64ArrayAttr>("permutation"), entry.getAs<IntegerAttr>("group"));
  SmallVector<char, 0> packed(entry.getAs<IntegerAttr>("bytes").getInt());
  pack.pack(bytes, packed);
  os.write(packed.data(), packed.size());
  return success();
}

uint64_t dataSize(ModuleOp module) {
  auto weights = module->getAttrOfType<ArrayAttr>(kHostWeightsAttr);
  if (!weights || weights.empty())
    return 0;
  auto last = cast<DictionaryAttr>(weights.getValue().back());
  return last.getAs<IntegerAttr>("offset").getInt() + last.getAs<IntegerAttr>("bytes").getInt();
}

LogicalResult writeData(ModuleOp module, ArrayAttr weights, raw_ostream &os) {
  uint64_t position = 0;
  for (auto entry : weights.getAsRange<DictionaryAttr>()) {
    uint64_t offset = entry.getAs<IntegerAttr>("offset").getInt(), size = entry.getAs<IntegerAttr>("bytes").getInt();
    auto value = entry.getAs<ElementsAttr>("value");
    os.write_zeros(offset - position);
    ConstantBytes constant(value);
    ArrayRef<char> bytes = constant.get();
    bool isPacked = entry.contains("packed");
    uint64_t elements = value.getNumElements(), given = isPacked ? bytes.size() : size;
    if (bytes.size() != given || (isPacked && elements && bytes.size() % elements))
      return module.emitError("expected a constant of ") << size << " bytes, got " << bytes.size();
    if (isPacked) {
      if (failed(writePacked(module.getLoc(), value, entry, bytes, os)))
        return failure();
    } else {
      os.write(bytes.data(), bytes.size());
    }
    position = offset + size;
  }
  return success();
}
} // namespace

void writeWeightObject(ModuleOp module, llvm::raw_fd_ostream &os) {
  uint64_t size = dataSize(module);
  // One table holds the symbol's name, then the sections' names.
  const std::string strings("\0aic_weights\0.lrodata.aic\0.symtab\0.strtab\0.note.GNU-stack\0", 58);
  auto nameAt = [&](const char *name) { return unsigned(strings.find(name)); };
  uint64_t symbols = llvm::alignTo(kDataStart + size, 8), table = symbols + 2 * sizeof(ELF::Elf64_Sym),
           headers = llvm::alignTo(table + strings.size(), 8);

  ELF::Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELF::ElfMagic, 4);
  header.e_ident[ELF::EI_CLASS] = ELF::ELFCLASS64;
  header.e_ident[ELF::EI_DATA] = ELF::ELFDATA2LSB;
  header.e_ident[ELF::EI_VERSION] = ELF::EV_CURRENT;
  header.e_type = ELF::ET_REL;
  header.e_machine = ELF::EM_X86_64;
  header.e_version = ELF::EV_CURRENT;
  header.e_shoff = headers;
  header.e_ehsize = sizeof(header);
  header.e_shentsize = sizeof(ELF::Elf64_Shdr);
  header.e_shnum = 5;
  header.e_shstrndx = 3;
  os.write(reinterpret_cast<const char *>(&header), sizeof(header));
  os.seek(symbols);

  ELF::Elf64_Sym symbol[2] = {};
  symbol[1].st_name = nameAt("aic_weights");
  symbol[1].st_size = size;
  symbol[1].st_shndx = 1;
  symbol[1].st_other = ELF::STV_HIDDEN;
  symbol[1].setBindingAndType(ELF::STB_GLOBAL, ELF::STT_OBJECT);
  os.write(reinterpret_cast<const char *>(symbol), sizeof(symbol)) << strings;
  os.write_zeros(headers - (table + strings.size()));

  ELF::Elf64_Shdr section[5] = {};
  auto set = [&](int i, const char *name, unsigned type, uint64_t flags, uint64_t offset, uint64_t bytes,
                 uint64_t align) {
    section[i].sh_name = nameAt(name);
    section[i].sh_type = type;
    section[i].sh_flags = flags;
    section[i].sh_offset = offset;
    section[i].sh_size = bytes;
    section[i].sh_addralign = align;
  };
  set(1, ".lrodata.aic", ELF::SHT_PROGBITS, ELF::SHF_ALLOC | ELF::SHF_X86_64_LARGE, kDataStart, size, 4096);
  set(2, ".symtab", ELF::SHT_SYMTAB, 0, symbols, sizeof(symbol), 8);
  section[2].sh_link = 3, section[2].sh_info = 1, section[2].sh_entsize = sizeof(ELF::Elf64_Sym);
  set(3, ".strtab", ELF::SHT_STRTAB, 0, table, strings.size(), 1);
  set(4, ".note.GNU-stack", ELF::SHT_PROGBITS, 0, headers, 0, 1);
  os.write(reinterpret_cast<const char *>(section), sizeof(section));
}

/// The place of the data in the linked file: the only large section.
static uint64_t findData(StringRef library) {
  ELF::Elf64_Ehdr header;
  if (library.size() < sizeof(header))
    return 0;
  std::memcpy(&header, library.data(), sizeof(header));
  for (unsigned i = 0; i < header.e_shnum; ++i) {
    ELF::Elf64_Shdr section;
    uint64_t at = header.e_shoff + i * sizeof(section);
    if (at + sizeof(section) > library.size())
      return 0;
    std::memcpy(&section, library.data() + at, sizeof(section));
    if (section.sh_flags & ELF::SHF_X86_64_LARGE)
      return section.sh_offset;
  }
  return 0;
}

LogicalResult writeWeights(ModuleOp module, StringRef path, std::error_code &code) {
  if (!dataSize(module))
    return success();
  uint64_t start = 0;
  {
    auto library = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
    if ((code = library.getError()))
      return failure();
    start = findData((*library)->getBuffer());
  }
  if (!start)
    return module.emitError("expected a section for constants in the linked library");
  llvm::raw_fd_ostream os(path, code, llvm::sys::fs::CD_OpenExisting, llvm::sys::fs::FA_Write, llvm::sys::fs::OF_None);
  if (code)
    return failure();
  os.seek(start);
  os.SetBufferSize(1 << 20);
  LogicalResult result = writeData(module, module->getAttrOfType<ArrayAttr>(kHostWeightsAttr), os);
  os.flush();
  code = os.error();
  os.clear_error();
  return failure(failed(result) || code);
}

} // namespace mlir::aic
