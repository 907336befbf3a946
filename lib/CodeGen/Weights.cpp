// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Weights.cpp - The weight section of a library ----------------------===//
//
// The linker sees a section of one byte, which it puts behind all others: the
// section is marked large and writable. When the library is written, the
// constants take the byte's place, packed one by one, so that they pass the disk
// once and memory does not grow with them; what stands behind the section in the
// file moves on, and its segment becomes as long and loses the right to write.
//
//===----------------------------------------------------------------------===//
#include "WeightSection.h"
#include "aic/CodeGen/CodeGen.h"
#include "aic/Conversion/HostToLLVM/HostToLLVM.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <cstring>

namespace ELF = llvm::ELF;

namespace mlir::aic {
namespace {
constexpr uint64_t kPage = 4096;

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

std::string weightObject(ModuleOp module) {
  uint64_t size = dataSize(module) ? 1 : 0;
  // One table holds the symbol's name, then the sections' names.
  const std::string strings("\0aic_weights\0.ldata.aic\0.symtab\0.strtab\0.note.GNU-stack\0", 56);
  auto nameAt = [&](const char *name) { return unsigned(strings.find(name)); };
  uint64_t data = sizeof(ELF::Elf64_Ehdr), symbols = llvm::alignTo(data + size, 8),
           table = symbols + 2 * sizeof(ELF::Elf64_Sym), headers = llvm::alignTo(table + strings.size(), 8);
  std::string object;
  auto append = [&](uint64_t offset, const void *bytes, size_t count) {
    object.resize(offset);
    object.append(static_cast<const char *>(bytes), count);
  };

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
  append(0, &header, sizeof(header));

  ELF::Elf64_Sym symbol[2] = {};
  symbol[1].st_name = nameAt("aic_weights");
  symbol[1].st_size = size;
  symbol[1].st_shndx = 1;
  symbol[1].st_other = ELF::STV_HIDDEN;
  symbol[1].setBindingAndType(ELF::STB_GLOBAL, ELF::STT_OBJECT);
  append(symbols, symbol, sizeof(symbol));
  append(table, strings.data(), strings.size());

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
  set(1, ".ldata.aic", ELF::SHT_PROGBITS, ELF::SHF_ALLOC | ELF::SHF_WRITE | ELF::SHF_X86_64_LARGE, data, size, kPage);
  set(2, ".symtab", ELF::SHT_SYMTAB, 0, symbols, sizeof(symbol), 8);
  section[2].sh_link = 3, section[2].sh_info = 1, section[2].sh_entsize = sizeof(ELF::Elf64_Sym);
  set(3, ".strtab", ELF::SHT_STRTAB, 0, table, strings.size(), 1);
  set(4, ".note.GNU-stack", ELF::SHT_PROGBITS, 0, headers, 0, 1);
  append(headers, section, sizeof(section));
  return object;
}

namespace {
/// A linked library whose weight section grows.
class LibraryImage {
public:
  explicit LibraryImage(StringRef linked) : image(linked.str()) {}
  /// Fails if the section is not the last one that is loaded, with a segment of its own.
  LogicalResult grow(uint64_t size);
  StringRef head() const { return StringRef(image).take_front(start); }
  StringRef tail() const { return StringRef(image).drop_front(start + 1); }
  uint64_t padding() const { return shift - (grown - 1); } ///< zeros between the constants and the tail

private:
  template <typename T> T *at(uint64_t offset, uint64_t count) {
    bool fits = offset <= image.size() && count <= (image.size() - offset) / sizeof(T) && offset % alignof(T) == 0;
    return fits ? reinterpret_cast<T *>(image.data() + offset) : nullptr;
  }
  std::string image;
  uint64_t start = 0, grown = 0, shift = 0;
};

LogicalResult LibraryImage::grow(uint64_t size) {
  auto *header = at<ELF::Elf64_Ehdr>(0, 1);
  auto *sections = header ? at<ELF::Elf64_Shdr>(header->e_shoff, header->e_shnum) : nullptr;
  auto *segments = header ? at<ELF::Elf64_Phdr>(header->e_phoff, header->e_phnum) : nullptr;
  if (!sections || !segments)
    return failure();
  llvm::MutableArrayRef<ELF::Elf64_Shdr> allSections(sections, header->e_shnum);
  auto *weights = llvm::find_if(allSections, [](auto &s) { return s.sh_flags & ELF::SHF_X86_64_LARGE; });
  if (weights == allSections.end() || weights->sh_size != 1)
    return failure();
  start = weights->sh_offset, grown = size;
  // Everything behind keeps its alignment.
  shift = llvm::alignTo(size - 1, 16);
  bool found = false;
  for (ELF::Elf64_Phdr &segment : llvm::MutableArrayRef<ELF::Elf64_Phdr>(segments, header->e_phnum)) {
    if (segment.p_type != ELF::PT_LOAD)
      continue;
    if (segment.p_vaddr > weights->sh_addr)
      return failure();
    if (segment.p_vaddr != weights->sh_addr)
      continue;
    if (segment.p_memsz != 1 || segment.p_offset != start)
      return failure();
    segment.p_filesz = segment.p_memsz = size;
    segment.p_flags = ELF::PF_R;
    found = true;
  }
  for (ELF::Elf64_Shdr &section : allSections)
    if (section.sh_offset > start)
      section.sh_offset += shift;
  weights->sh_size = size;
  weights->sh_flags &= ~uint64_t(ELF::SHF_WRITE);
  header->e_shoff += header->e_shoff > start ? shift : 0;
  return success(found);
}
} // namespace

LogicalResult writeLibrary(ModuleOp module, StringRef image, raw_ostream &os) {
  uint64_t size = dataSize(module);
  if (!size) {
    os << image;
    return success();
  }
  LibraryImage library(image);
  if (failed(library.grow(size)))
    return module.emitError("expected a section for constants at the end of the linked library");
  os << library.head();
  if (failed(writeData(module, module->getAttrOfType<ArrayAttr>(kHostWeightsAttr), os)))
    return failure();
  os.write_zeros(library.padding());
  os << library.tail();
  return success();
}

} // namespace mlir::aic
