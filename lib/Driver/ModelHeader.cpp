// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ModelHeader.cpp - model.h ------------------------------------------===//
//
// The C interface of all models, this model's functions under its own prefix, and a typed call.
//
//===----------------------------------------------------------------------===//
#include "Internal.h"
#include "aic/Conversion/HostToLLVM/HostToLLVM.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/raw_ostream.h"

namespace mlir::aic {
namespace {

struct CType {
  StringLiteral dtype, type, constant;
};
constexpr CType types[] = {
    {"i1", "uint8_t", "AIC_BOOL"},      {"i8", "int8_t", "AIC_INT8"},         {"i16", "int16_t", "AIC_INT16"},
    {"i32", "int32_t", "AIC_INT32"},    {"i64", "int64_t", "AIC_INT64"},      {"ui8", "uint8_t", "AIC_UINT8"},
    {"ui16", "uint16_t", "AIC_UINT16"}, {"ui32", "uint32_t", "AIC_UINT32"},   {"ui64", "uint64_t", "AIC_UINT64"},
    {"f16", "uint16_t", "AIC_FLOAT16"}, {"bf16", "uint16_t", "AIC_BFLOAT16"}, {"f32", "float", "AIC_FLOAT"},
    {"f64", "double", "AIC_DOUBLE"}};

const CType &typeOf(StringRef dtype) {
  for (const CType &type : types)
    if (type.dtype == dtype)
      return type;
  return types[0];
}

/// Unique C identifiers for names of a model.
class Names {
public:
  std::string make(StringRef name) {
    std::string id;
    for (char c : name)
      id += llvm::isAlnum(c) ? c : '_';
    if (id.empty() || llvm::isDigit(id[0]))
      id = "t" + id;
    std::string unique = id;
    for (int i = 1; !used.insert(unique).second; ++i)
      unique = id + "_" + std::to_string(i);
    return unique;
  }

private:
  // Words that no parameter may be called, and names of the function's own.
  llvm::StringSet<> used{"auto",    "break",    "case",     "char",   "const",    "continue", "default",
                         "do",      "double",   "else",     "enum",   "extern",   "float",    "for",
                         "goto",    "if",       "inline",   "int",    "long",     "register", "restrict",
                         "return",  "short",    "signed",   "sizeof", "static",   "struct",   "switch",
                         "typedef", "union",    "unsigned", "void",   "volatile", "while",    "model",
                         "options", "inputs",   "outputs",  "class",  "new",      "this",     "template",
                         "delete",  "operator", "private",  "public", "bool",     "true",     "false"};
};

struct PortText {
  std::string id, name, extents;
  const CType *type;
  SmallVector<std::string> dims; // C expressions; outputs: "" where unknown
  bool isStatic = true;
  int64_t elements = 1;
};

PortText describe(DictionaryAttr port, Names &names, llvm::StringMap<std::string> &symbols,
                  SmallVectorImpl<std::string> &parameters, bool isInput) {
  PortText text;
  text.name = port.getAs<StringAttr>("name").str();
  text.id = names.make(text.name);
  text.type = &typeOf(port.getAs<StringAttr>("dtype"));
  auto bounds = port.getAs<ArrayAttr>("bounds");
  for (auto [d, dim] : llvm::enumerate(port.getAs<ArrayAttr>("dims"))) {
    text.extents += d ? " x " : "";
    if (auto number = dyn_cast<IntegerAttr>(dim)) {
      text.dims.push_back(std::to_string(number.getInt()));
      text.extents += text.dims.back();
      text.elements *= number.getInt();
      continue;
    }
    text.isStatic = false;
    StringRef label = cast<StringAttr>(dim).getValue();
    text.extents += label.empty() ? "?" : label.str();
    if (!isInput) {
      text.dims.push_back("");
      continue;
    }
    std::string &symbol = symbols[label.empty() ? (text.id + ":" + std::to_string(d)) : label.str()];
    if (symbol.empty()) {
      symbol = names.make(label.empty() ? text.id + "_" + std::to_string(d) : label.str());
      parameters.push_back(symbol);
    }
    text.dims.push_back(symbol);
    if (bounds) {
      auto limits = cast<ArrayAttr>(bounds[d]);
      int64_t low = cast<IntegerAttr>(limits[0]).getInt(), high = cast<IntegerAttr>(limits[1]).getInt(),
              step = cast<IntegerAttr>(limits[2]).getInt();
      text.extents += " (" + std::to_string(low) + ".." + (high < 0 ? "" : std::to_string(high)) +
                      (step > 1 ? ", a multiple of " + std::to_string(step) : "") + ")";
    }
  }
  if (text.extents.empty())
    text.extents = "one element";
  return text;
}

/// Names of a model may hold anything.
std::string comment(StringRef text) {
  std::string result;
  for (char c : text)
    result += llvm::isPrint(c) && c != '*' && c != '\\' ? c : '.';
  return result;
}

void writeCall(raw_ostream &os, StringRef prefix, ArrayRef<PortText> inputs, ArrayRef<PortText> outputs,
               ArrayRef<std::string> dims) {
  os << "/* One run. Extents are arguments in the order of their first use; an output that is not of fixed size comes "
        "with the\n   bytes behind it and receives its extents. */\n";
  os << "static inline aic_status " << prefix << "_call(aic_model *model";
  for (const PortText &in : inputs)
    os << ",\n    const " << in.type->type << " *" << in.id;
  for (const std::string &dim : dims)
    os << ",\n    int64_t " << dim;
  for (const PortText &out : outputs) {
    os << ",\n    " << out.type->type << " *" << out.id;
    if (!out.isStatic)
      os << ", int64_t " << out.id << "_bytes, int64_t " << out.id << "_dims[" << out.dims.size() << "]";
  }
  os << ",\n    const aic_run_options *options) {\n";
  for (const PortText &in : inputs)
    if (!in.dims.empty())
      os << "  int64_t dims_" << in.id << "[] = {" << llvm::join(in.dims, ", ") << "};\n";
  auto table = [&](StringRef name, ArrayRef<PortText> ports, bool isInput) {
    os << "  aic_tensor " << name << "[" << std::max<size_t>(ports.size(), 1) << "] = {";
    if (ports.empty())
      os << "{NULL, NULL, 0, 0, AIC_FLOAT}";
    for (const PortText &port : ports) {
      std::string extents = port.dims.empty() ? "NULL"
                            : isInput         ? "dims_" + port.id
                            : port.isStatic   ? "NULL"
                                              : port.id + "_dims";
      std::string bytes = isInput         ? "0"
                          : port.isStatic ? std::to_string(port.elements) + " * (int64_t)sizeof(*" + port.id + ")"
                                          : port.id + "_bytes";
      // By an integer: no compiler warns of the const that is lost.
      os << "\n      {(void *)" << (isInput ? "(uintptr_t)" : "") << port.id << ", " << extents << ", " << bytes << ", "
         << port.dims.size() << ", " << port.type->constant << "},";
    }
    os << "};\n";
  };
  table("inputs", inputs, true);
  table("outputs", outputs, false);
  os << "  return " << prefix << "_run(model, inputs, " << inputs.size() << ", outputs, " << outputs.size()
     << ", options);\n}\n";
}
} // namespace

std::string modelHeader(ModuleOp module, StringRef prefix) {
  std::string text;
  llvm::raw_string_ostream os(text);
  auto host = module->getAttrOfType<DictionaryAttr>(kHostInterfaceAttr);
  Names names;
  llvm::StringMap<std::string> symbols;
  SmallVector<std::string> dims;
  SmallVector<PortText> inputs, outputs;
  for (auto port : host.getAs<ArrayAttr>("inputs").getAsRange<DictionaryAttr>())
    inputs.push_back(describe(port, names, symbols, dims, true));
  for (auto port : host.getAs<ArrayAttr>("outputs").getAsRange<DictionaryAttr>())
    outputs.push_back(describe(port, names, symbols, dims, false));

  std::string guard = "AIC_MODEL_" + StringRef(prefix).upper() + "_H";
  os << modelHeaderText() << "\n/* The model '" << prefix << "'.\n";
  for (bool isInput : {true, false})
    for (const PortText &port : isInput ? inputs : outputs)
      os << "   " << (isInput ? "input   " : "output  ") << comment(port.name) << ": " << port.type->type << ", "
         << comment(port.extents) << "\n";
  os << "*/\n#ifndef " << guard << "\n#define " << guard << "\n\n";
  os << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n";
  os << "/* The functions above under names of this model's own, so that one program can link several models. */\n";
  os << "int32_t " << prefix << "_abi_version(void);\n";
  os << "const char *" << prefix << "_manifest(size_t *bytes);\n";
  os << "aic_status " << prefix
     << "_create(const aic_create_options *options, aic_model **model, char *error, size_t error_bytes);\n";
  os << "void " << prefix << "_destroy(aic_model *model);\n";
  os << "aic_status " << prefix
     << "_query(const aic_model *model, const aic_tensor *inputs, size_t num_inputs, aic_tensor *outputs,\n"
        "    size_t num_outputs, int64_t *arena_bytes, char *error, size_t error_bytes);\n";
  os << "int64_t " << prefix << "_arena_size(const aic_model *model, const aic_tensor *inputs, size_t num_inputs);\n";
  os << "aic_status " << prefix
     << "_run(aic_model *model, const aic_tensor *inputs, size_t num_inputs, aic_tensor *outputs, size_t num_outputs,\n"
        "    const aic_run_options *options);\n\n";
  writeCall(os, prefix, inputs, outputs, dims);
  os << "\n#ifdef __cplusplus\n}\n#endif\n\n#endif /* " << guard << " */\n";
  return text;
}

} // namespace mlir::aic
