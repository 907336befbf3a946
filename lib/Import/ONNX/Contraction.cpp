// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Contraction.cpp - Matrix products and einsum -----------------------===//
#include "Node.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace mlir::aic::onnx_import {
namespace {

void matmul(Node &n) { n.out(n.matmul(n.in(0), n.in(1))); }

void gemm(Node &n) {
  Value a = n.in(0), b = n.in(1);
  n.expectRank(a, 2, 2, "operand 0");
  n.expectRank(b, 2, 2, "operand 1");
  if (n.getBool("transA", false))
    a = n.transpose(a, {1, 0});
  if (n.getBool("transB", false))
    b = n.transpose(b, {1, 0});
  double alpha = n.getFloat("alpha", 1), beta = n.getFloat("beta", 1);
  Value result = n.mul(n.matmul(a, b), alpha);
  if (Value c = n.optional(2))
    result = n.add(result, n.mul(c, beta));
  n.out(result);
}

/// Makes the equation explicit: no blanks, an output, and letters for the dims of an ellipsis.
void einsum(Node &n) {
  std::string equation;
  for (char c : n.getString("equation", ""))
    if (!isSpace(c))
      equation.push_back(c);
  StringRef text = equation, output;
  bool isExplicit = text.contains("->");
  std::tie(text, output) = text.split("->");
  SmallVector<StringRef> terms;
  text.split(terms, ',');
  if (terms.size() != n.numInputs())
    return n.error("expected an equation with " + Twine(n.numInputs()) + " terms, got '" + equation + "'");

  std::string free;
  for (char c = 'Z'; c >= 'A'; --c)
    if (!StringRef(equation).contains(c))
      free.push_back(c);
  for (char c = 'z'; c >= 'a'; --c)
    if (!StringRef(equation).contains(c))
      free.push_back(c);

  // The ellipsis stands for the most dims it has in any operand; where it has fewer, the leading ones are left out.
  int64_t most = 0;
  for (auto [i, term] : enumerate(terms)) {
    int64_t letters = count_if(term, [](char c) { return isAlpha(c); });
    size_t dots = term.find("...");
    int64_t dims = n.rank(n.in(unsigned(i))) - letters;
    if (dims < 0 || (dots == StringRef::npos && dims != 0) ||
        int64_t(term.size()) != letters + (dots == StringRef::npos ? 0 : 3))
      return n.error("expected " + Twine(n.rank(n.in(unsigned(i)))) + " dimensions in term '" + term + "' of '" +
                     equation + "'");
    most = std::max(most, dims);
  }
  if (most > int64_t(free.size()))
    return n.error("expected fewer dimensions in '" + equation + "'");
  std::string ellipsis = free.substr(0, size_t(most));
  SmallVector<Value> operands;
  std::string clean;
  for (auto [i, term] : enumerate(terms)) {
    Value x = n.in(unsigned(i));
    std::string expanded(term);
    size_t dots = expanded.find("...");
    if (dots != std::string::npos) {
      size_t dims = size_t(n.rank(x)) - (expanded.size() - 3);
      std::string letters = ellipsis.substr(ellipsis.size() - dims);
      // Extents of 1 under an ellipsis are broadcast: such a dim is left out.
      Ints dropped;
      std::string kept;
      for (size_t j = 0; j < dims; ++j)
        if (n.dim(x, int64_t(dots + j)) == 1)
          dropped.push_back(int64_t(dots + j));
        else
          kept.push_back(letters[j]);
      if (!dropped.empty())
        x = n.squeeze(x, dropped);
      expanded.replace(dots, 3, kept);
    }
    operands.push_back(x);
    clean += (i ? "," : "") + expanded;
  }
  std::string inputs = clean;
  std::string result;
  if (isExplicit) {
    result = output.str();
    if (size_t dots = result.find("..."); dots != std::string::npos)
      result.replace(dots, 3, ellipsis);
  } else {
    result = ellipsis;
    for (int c = 0; c < 128; ++c)
      if (isAlpha(char(c)) && StringRef(equation).count(char(c)) == 1)
        result.push_back(char(c));
  }
  // A dim of the ellipsis that is 1 everywhere is put back behind the sum.
  Ints restored;
  std::string summed;
  for (auto [i, c] : enumerate(result)) {
    if (!isAlpha(c))
      return n.error("expected letters behind '->', got '" + equation + "'");
    if (StringRef(ellipsis).contains(c) && !StringRef(inputs).contains(c))
      restored.push_back(int64_t(i));
    else
      summed.push_back(c);
  }
  Value y = n.make<EinsumOp>(n.elem(operands[0]), ValueRange(operands), StringRef(clean + "->" + summed));
  n.out(restored.empty() ? y : n.unsqueeze(y, restored));
}

} // namespace

void addContraction(HandlerTable &table) {
  table.add("Einsum", 1, HandlerTable::kVariadic, einsum, 12);
  table.add("Gemm", 2, 3, gemm);
  table.add("MatMul", 2, 2, matmul);
}

} // namespace mlir::aic::onnx_import
