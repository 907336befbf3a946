//===- npu_isa.td - The instruction set of AIC's NPU ---------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The single source of the instruction set. Codec tables, assembler, disassembler, the manual (docs/NPU/ISA.md), the
// fuzzing dictionary and the simulator's dispatch table are generated from it by utils/npu_isa_gen.py.
//
// An instruction is 1 to 4 words of 128 bits, little endian, stateless. The low 32 bits of word 0 are the header:
//   [7:0] opcode  [9:8] words-1  [12:10] engine  [13] wait_en  [19:14] wait_sem  [20] sig_en  [26:21] sig_sem
//   [27] pred_en  [29:28] pred  [31:30] 0
// The fields of a definition are packed from bit 32 upwards in the order written here, without gaps. Bits that no
// field covers are reserved and must be zero.
//
//===----------------------------------------------------------------------===//

//===-- Vocabulary -----------------------------------------------------------===//

// The engines, in the order of their 3-bit codes. S executes at dispatch; the others have a queue.
class Engine<bits<3> number, string name, string summary> { bits<3> Code = number; string Name = name;
    string Summary = summary; }
def S  : Engine<0, "S",  "sequencer: loops, address registers, dispatch">;
def LD : Engine<1, "LD", "DRAM to L1 or VB">;
def ST : Engine<2, "ST", "L1 or VB to DRAM">;
def MV : Engine<3, "MV", "L1 to A0 and B0 (im2col, transposition), L1 to VB and back">;
def MX : Engine<4, "MX", "matrix unit: A0 x B0 to C0">;
def FX : Engine<5, "FX", "C0 to VB or L1: bias, requantisation, residual, activation">;
def VX : Engine<6, "VX", "vector unit on VB">;

// The local memory spaces, in the order of their 3-bit codes.
class Space<bits<3> number, string name, string summary> { bits<3> Code = number; string Name = name;
    string Summary = summary; }
def L1 : Space<0, "L1", "the large scratchpad: activations, weights, tables">;
def A0 : Space<1, "A0", "left operands of MMA">;
def B0 : Space<2, "B0", "right operands of MMA">;
def C0 : Space<3, "C0", "accumulators">;
def VB : Space<4, "VB", "vector buffer">;

// A named list of values of a field; their codes count from 0.
class Enum<list<string> values> { list<string> Values = values; }
def DType   : Enum<["i8", "u8", "i16", "i32", "f16", "bf16", "f32"]>;
def Init    : Enum<["zero", "acc"]>;
def QMode   : Enum<["none", "scalar", "table"]>;
def Act     : Enum<["none", "clip", "lut"]>;
def Round   : Enum<["rint", "round", "floor", "ceil", "trunc", "odd"]>;
def Compare : Enum<["eq", "ne", "lt", "le", "gt", "ge"]>;
def Residual: Enum<["none", "i8", "u8", "f16", "bf16"]>;

// Kinds of field:
//   uint, sint      a number
//   bits            the bits of an element or a bound
//   register        the number of an address register
//   f32             the bits of an IEEE single
//   enumeration     a value of Values
//   local  (27)     [19:0] granule of 32 bytes, [23:20] address register, [26:24] space. Address = 32*granule + AR
//   global (48)     [39:0] byte offset, [43:40] address register, [47:44] segment. Address = offset + AR
// Address register 0 is always 0.
class Field<string name, int width, string kind, string summary> {
  string Name = name; int Width = width; string Kind = kind; string Summary = summary; Enum Values = ?;
}
class U<string name, int width, string summary> : Field<name, width, "uint", summary>;
class I<string name, int width, string summary> : Field<name, width, "sint", summary>;
class B<string name, int width, string summary> : Field<name, width, "bits", summary>;
class R<string name, string summary> : Field<name, 4, "register", summary>;
class F<string name, string summary> : Field<name, 32, "f32", summary>;
class E<string name, int width, Enum values, string summary> : Field<name, width, "enumeration", summary> {
  let Values = values;
}
class L<string name, string summary> : Field<name, 27, "local", summary>;
class G<string name, string summary> : Field<name, 48, "global", summary>;

// A chapter of the manual: what its instructions have in common.
class Family<string title, string text> { string Title = title; string Text = text; }

// One instruction. Engines lists the legal values of the header's engine field; one entry means it is implied.
// Operands lists the local addresses in use as "field:SPACE|SPACE in|out|inout [if FIELD[=VALUE]]"; SPACE@ENGINE limits
// a space to one engine. A local address that is no operand, or whose condition does not hold, must be zero.
class Inst<string mnemonic, bits<8> opcode, int words, list<Engine> engines, list<Field> fields> {
  string Mnemonic = mnemonic;
  bits<8> Opcode = opcode;
  int Words = words;
  list<Engine> Engines = engines;
  list<Field> Fields = fields;
  string Summary = "";
  string Description = "";
  list<string> Operands = [];
  bit Later = 0; // encodes, but traps when executed: designed, not built
  bit Structure = 0; // is executed whatever the predicates are, so it carries none
  Family Chapter = ?;
}
defvar AllQueues = [LD, ST, MV, MX, FX, VX];

//===-- S: the sequencer -----------------------------------------------------===//

def Sequencer : Family<"Sequencer", [{Executed by S at dispatch, in program order, at once; SWAIT and SSIG go into
the queue of their engine instead. Those that S executes carry no semaphores.}]>;
let Chapter = Sequencer in {

def NOP : Inst<"NOP", 0x00, 1, [S], []> { let Summary = "do nothing"; }
def HALT : Inst<"HALT", 0x01, 1, [S], []> {
  let Summary = "end of the program";
  let Description = [{Dispatch stops. The program has ended when every queue is empty and every engine idle. The last
instruction of a program, and only it.}];
  let Structure = 1;
}
def LOOP : Inst<"LOOP", 0x02, 1, [S], [
    U<"trip", 20, "iterations; with trip_ar, the number of the address register that holds them">,
        U<"trip_ar", 1, "trip names an address register">,
    R<"ar0", "first rotating address register, 0 for none">, I<"inc0", 24, "bytes added to ar0 per iteration">,
        U<"wrap0", 8, "iterations after which ar0 starts again, 0 for never">,
    R<"ar1", "second rotating address register, 0 for none">, I<"inc1", 24, "bytes added to ar1 per iteration">,
        U<"wrap1", 8, "iterations after which ar1 starts again, 0 for never">]> {
  let Summary = "begin a loop"; let Structure = 1;
  let Description = [{Runs the instructions up to the matching ENDLOOP `trip` times (0 times: none of them is
dispatched, waits and signals included). In iteration i, `ar0` holds its value at entry plus `inc0 * (i mod wrap0)`
(`inc0 * i` with wrap0 = 0), the same for `ar1`; wrap rotates the slots of a multi-buffer. At exit both hold their
values at entry, so a nest can be entered again. At most 8 loops are nested.}];
}
def ENDLOOP : Inst<"ENDLOOP", 0x03, 1, [S], []> { let Summary = "end of the innermost loop"; let Structure = 1; }
def SETA : Inst<"SETA", 0x04, 1, [S], [R<"ar", "address register, 1 to 15">, I<"value", 48, "bytes">]> {
  let Summary = "set an address register";
}
def ADDA : Inst<"ADDA", 0x05, 1, [S], [R<"ar", "address register, 1 to 15">, R<"from", "address register to add to">,
    I<"value", 48, "bytes">]> { let Summary = "ar = from + value"; }
def LDARG : Inst<"LDARG", 0x06, 1, [S], [R<"ar", "address register, 1 to 15">, U<"arg", 8, "launch argument">]> {
  let Summary = "load a launch argument into an address register";
}
def SETP : Inst<"SETP", 0x07, 1, [S], [U<"p", 2, "predicate">, U<"depth", 3, "loop counted from the innermost, 0">,
    E<"cmp", 3, Compare, "comparison">, U<"value", 20, "right side">]> {
  let Summary = "set a predicate from a loop index";
  let Description = [{p = (index of the loop `depth` levels out) cmp value. An instruction whose header names a false
predicate does not execute, but performs its wait and its signal, so the balance of tokens never depends on data.}];
}
def SWAIT : Inst<"SWAIT", 0x08, 1, AllQueues, []> {
  let Summary = "queued in an engine: wait for the header's semaphore, no work";
}
def SSIG : Inst<"SSIG", 0x09, 1, AllQueues, []> {
  let Summary = "queued in an engine: signal the header's semaphore after everything before it in that queue";
}
def XSIG : Inst<"XSIG", 0x0a, 1, [S], [U<"core", 8, "core">, U<"id", 4, "cross-core semaphore">]> {
  let Summary = "signal another core"; let Later = 1;
}
def XWAIT : Inst<"XWAIT", 0x0b, 1, [S], [U<"id", 4, "cross-core semaphore">]> {
  let Summary = "wait for another core";
  let Later = 1;
}
def BAR : Inst<"BAR", 0x0c, 1, [S], [U<"group", 8, "group of cores">]> {
  let Summary = "barrier of a group of cores";
  let Later = 1;
}
def MARK : Inst<"MARK", 0x0d, 1, [S], [U<"id", 24, "id of an operation in DEBUG_OPS">]> {
  let Summary = "the instructions that follow belong to this operation (trace and reports only)";
}
def IRQ : Inst<"IRQ", 0x0e, 1, [S], [U<"id", 16, "number">]> { let Summary = "tell the host"; }
def TRAP : Inst<"TRAP", 0x0f, 1, [S], [U<"code", 16, "number">]> { let Summary = "stop with an error"; }

} // Chapter

//===-- DMA: up to four dimensions of runs -------------------------------------===//

def Dma : Family<"Copies and fills", [{With elem = 2^log2elem bytes, element (i3, i2, i1, i0) moves from
`src + i3*ss3 + i2*ss2 + i1*ss1 + i0*elem` to `dst + i3*ds3 + i2*ds2 + i1*ds1 + i0*elem`,
for i0 < n0 and so on; FILL has no i3 and no source. The n0 elements of a run are contiguous. No extent is 0; strides
may be 0 or negative. Runs move in ascending order of (i3, i2, i1), each read whole before it is written.}]>;
let Chapter = Dma in {
defvar DmaShape = [U<"log2elem", 2, "log2 of the bytes of an element">,
    U<"n0", 16, "contiguous elements">, U<"n1", 16, "extent">, U<"n2", 16, "extent">, U<"n3", 16, "extent">,
    I<"ss1", 32, "source stride, bytes">, I<"ss2", 32, "source stride, bytes">, I<"ss3", 32, "source stride, bytes">,
    I<"ds1", 32, "destination stride, bytes">, I<"ds2", 32, "destination stride, bytes">,
        I<"ds3", 32, "destination stride, bytes">];

def INST_LD : Inst<"LD", 0x10, 4, [LD], [G<"src", "source">, L<"dst", "destination">] # DmaShape> {
  let Summary = "copy from DRAM"; let Operands = ["dst:L1|VB out"];
  let Description = [{Up to `max_inflight` LDs are outstanding; they complete in order.}];
}
def INST_ST : Inst<"ST", 0x11, 4, [ST], [L<"src", "source">, G<"dst", "destination">] # DmaShape> {
  let Summary = "copy to DRAM"; let Operands = ["src:L1|VB in"];
  let Description = [{Completes, and signals, when the memory has acknowledged the write: an LD after a matching wait
observes it. STs complete in order.}];
}
def CP : Inst<"CP", 0x12, 4, [MV], [L<"src", "source">, L<"dst", "destination">] # DmaShape> {
  let Summary = "copy between L1 and VB, or inside one of them"; let Operands = ["src:L1|VB in", "dst:L1|VB out"];
}
def FILL : Inst<"FILL", 0x13, 2, [MV, VX], [L<"dst", "destination">,
    U<"log2elem", 2, "log2 of the bytes of an element, at most 2">,
    U<"n0", 16, "contiguous elements">, U<"n1", 16, "extent">, U<"n2", 16, "extent">, I<"ds1", 32, "stride, bytes">,
        I<"ds2", 32, "stride, bytes">, B<"value", 32, "bits of the element">]> {
  let Summary = "fill a region with one value"; let Operands = ["dst:L1@MV|VB@VX out"];
  let Description = [{On the MV queue the destination is in L1, on the VX queue in VB.}];
}

} // Chapter

//===-- MV: operands of the matrix unit ----------------------------------------===//

def Gather : Family<"Operands of the matrix unit", [{A tile in A0 or B0 is m_len rows of k_len elements. A row is
padded to a multiple of 32 bytes; what the padding holds is undefined and is never read as data.}]>;
let Chapter = Gather in {
defvar GatherShape = [L<"dst", "tile">, L<"src", "tensor [h, w, pixels] in L1">,
    U<"log2elem", 1, "log2 of the bytes of an element">,
    U<"h", 12, "rows of the tensor in L1">, U<"w", 12, "pixels in a row">, U<"c", 16, "channels taken per pixel">,
    U<"pix_stride", 16, "elements from a pixel to the next">, U<"row_stride", 20, "elements from a row to the next">,
    U<"kh", 5, "rows of the window">, U<"kw", 5, "columns of the window">, U<"sh", 4, "vertical stride">,
        U<"sw", 4, "horizontal stride">, U<"dh", 5, "vertical dilation">, U<"dw", 5, "horizontal dilation">,
    I<"pt", 13, "rows of padding above">, I<"pl", 13, "pixels of padding on the left">,
        U<"ow", 12, "pixels in a row of the result">,
    U<"m_start", 20, "first row of the tile">, U<"m_len", 12, "rows of the tile">,
        U<"k_start", 18, "first column of the tile">, U<"k_len", 16, "columns of the tile">,
    U<"transpose", 1, "the source is [k, m]">, B<"padv", 16, "element outside the tensor">];
defvar GatherText = [{Row m of the tile is the window of the result's pixel p = m_start + m (oh = p / ow, ow = p mod
ow), its column k the element q = k_start + k of that window in the order (kh, kw, c), c fastest:
`src[oh*sh - pt + kh*dh][ow*sw - pl + kw*dw][c]`, or `padv` where that lies outside h x w. The element address is
`src + ((row * row_stride + pixel * pix_stride + c) << log2elem)`.
A matrix [rows, k] is h = 1, w = rows, c = pix_stride = k, a window of 1 x 1 and ow = rows. k_start + k_len is at most
kh * kw * c; h, w, c, kh, kw, ow, m_len and k_len are at least 1.
With `transpose` the element is `src[(k_start + k) * row_stride + m_start + m]` and the window's fields must describe
one pixel (kh = kw = 1); the bound on k_start + k_len does not hold then.}];

def LDA : Inst<"LDA", 0x18, 3, [MV], GatherShape> {
  let Summary = "gather a left tile (im2col)";
  let Description = GatherText; let Operands = ["dst:A0 out", "src:L1 in"];
}
def LDB : Inst<"LDB", 0x19, 3, [MV], GatherShape> {
  let Summary = "gather a right tile: row n of the tile is column n of the product"; let Description = GatherText;
  let Operands = ["dst:B0 out", "src:L1 in"];
}

} // Chapter

//===-- MX: the matrix unit -----------------------------------------------------===//

def Matrix : Family<"Matrix unit", "">;
let Chapter = Matrix in {

defvar MmaShape = [L<"a", "left tile, m rows of k">, L<"b", "right tile, n rows of k">,
    L<"c", "accumulators, m rows of n of 32 bits; rows are padded to a multiple of 32 bytes">,
    U<"m", 12, "rows">, U<"n", 12, "columns">, U<"k", 16, "products per accumulator">,
    E<"adt", 3, DType, "i8, u8, f16 or bf16">, E<"bdt", 3, DType, "i8 or u8 with an integer adt, else as adt">,
        E<"init", 1, Init, "zero: the accumulators start at 0">,
    I<"azp", 9, "zero point subtracted from a">, I<"bzp", 9, "zero point subtracted from b">];
def MMA : Inst<"MMA", 0x20, 2, [MX], MmaShape> {
  let Summary = "multiply tiles and accumulate"; let Operands = ["a:A0 in", "b:B0 in", "c:C0 inout"];
  let Description = [{c[m][n] = (init == acc ? c[m][n] : 0) + sum over k of (a[m][k] - azp) * (b[n][k] - bzp).
Integers: exact in 32 bits, two's complement wrap (counted by the simulator). Floats: products are exact in f32; each
block of machine-K products (the last one filled with zeros) is summed by a balanced binary tree
in f32, round to nearest even, then added to the accumulator, in ascending k. azp and bzp are 0 for floats. m, n and k
are at least 1.}];
}
def MMAS : Inst<"MMAS", 0x21, 2, [MX], MmaShape> {
  let Summary = "MMA with a 2:4 sparse right tile";
  let Operands = ["a:A0 in", "b:B0 in", "c:C0 inout"]; let Later = 1;
}

} // Chapter

//===-- FX: from accumulators to results -----------------------------------------===//

def Results : Family<"From accumulators to results", "">;
let Chapter = Results in {

def FXOUT : Inst<"FXOUT", 0x28, 4, [FX], [L<"c", "accumulators, laid out as MMA writes them">,
    L<"dst", "result, m rows of n elements">, U<"m", 12, "rows">, U<"n", 12, "columns">,
    U<"dst_stride", 24, "bytes from a row of the result to the next">, E<"acc", 3, DType, "i32 or f32">,
        E<"out", 3, DType, "i8, u8, i32, f16, bf16 or f32">,
    E<"qmode", 2, QMode, "where the bias and the scale come from">,
        L<"table", "n records {f32 scale, i32 or f32 bias}">, F<"scale", "qmode scalar: the scale, no bias">,
    I<"zp", 9, "zero point of the result before the residual">,
    E<"act", 2, Act, "last step">, B<"lo", 16, "lower bound: i16 for 8 bits, bf16 for bf16, f16 for f16 and f32">,
        B<"hi", 16, "upper bound">, L<"lut", "256 results of 8 bits, indexed by the unsigned byte">,
    E<"res", 3, Residual, "element type of the residual, none for no residual">,
        L<"res_src", "residual, m rows of n elements">,
        U<"res_stride", 24, "bytes from a row of the residual to the next">,
        I<"res_zp", 9, "zero point of the residual">,
    F<"scale_main", "factor of the main branch">, F<"scale_res", "factor of the residual">,
        I<"out_zp", 9, "zero point of the sum">]> {
  let Summary = "bias, scale, residual, activation, conversion";
  let Operands = ["c:C0 in", "dst:L1|VB out", "table:L1|VB in if qmode=table", "lut:L1|VB in if act=lut",
                  "res_src:L1|VB in if res"];
  let Description = [{For each (m, n), every f32 operation rounded to nearest even on its own (no fused multiply-add):

1. v = c[m][n], plus the bias of column n if qmode is table (i32: wraps; f32: f32 addition).
2. s = f32(v) * scale if qmode is not none (scale of the column, or the scalar), else f32(v).
3. To i8 and u8: t = clamp(round_half_even(s) + zp) to the type. To floats: s = s + f32(r) with a residual, of 16 bits.
4. To i8 and u8, with a residual r of 8 bits: u = f32(t - zp) * scale_main + f32(r - res_zp) * scale_res;
   t = clamp(round_half_even(u) + out_zp) to the type.
5. act clip: t clamped to [lo, hi]; floats: s = min(max(s, lo), hi), NaN stays NaN. act lut, to i8 and u8 only:
   t = lut[unsigned byte t].
6. To floats: s converted, half to even.

To i32: the result is v of step 1; the accumulators are i32, qmode is none or table (its scales are not applied),
without residual and activation. m and n are at least 1.}];
}

} // Chapter

//===-- VX: vectors in VB ---------------------------------------------------------===//

def Vector : Family<"Vector unit", [{`rep` repetitions of `len` elements. Operand x of repetition r starts at
`x + r * x_stride`; its elements are contiguous, or all the first one with `x_bcast`.
Repetitions run in ascending order; each reads its operands whole before it writes. `len` and `rep` are at least 1,
strides are multiples of the element's bytes.

An operation is one on i32 (two's complement wrap) if its sources and its result are integers and s1 is no immediate,
else one on f32. Exceptions: AND to SHR are always on i32 and take an immediate cut to an integer;
DIV and EXP to SIGMOID are always on f32; CMP goes by its sources, SEL by s1, s2 and its result; COPY and LUT move bits.
The result becomes a ddt: from i32 zp is added and the sum saturates (to i32: wraps; to a float: converted, no zp);
from f32 to an integer it is rounded by `round`, zp is added and the sum saturates, NaN counts as 0; from f32 to a
float it is rounded half to even.}]>;
let Chapter = Vector in {
defvar VecShape = [L<"dst", "result">, L<"s0", "first source">,
    U<"s1", 32, "second source: a local address, or the bits of an f32 with s1_imm">,
    U<"s1_imm", 1, "s1 is an immediate f32">, L<"s2", "third source">,
    E<"ddt", 3, DType, "type of the result">, E<"s0dt", 3, DType, "type of s0">,
        E<"s1dt", 3, DType, "type of s1 and s2">,
    U<"len", 16, "elements of a repetition">, U<"rep", 12, "repetitions">,
    I<"dst_stride", 20, "bytes between repetitions">, I<"s0_stride", 20, "bytes between repetitions">,
        I<"s1_stride", 20, "bytes between repetitions">, I<"s2_stride", 20, "bytes between repetitions">,
    U<"s0_bcast", 1, "s0 is one element per repetition">, U<"s1_bcast", 1, "s1 is one element per repetition">,
        U<"s2_bcast", 1, "s2 is one element per repetition">,
    E<"round", 3, Round, "conversion to integers">, I<"zp", 9, "added after rounding to integers">,
        E<"cmp", 3, Compare, "CMP only">];
class Vec<string mnemonic, bits<8> opcode, string summary, list<string> operands = ["dst:VB out", "s0:VB in"]>
    : Inst<mnemonic, opcode, 3, [VX], VecShape> {
  let Summary = summary;
  let Operands = operands;
}
defvar TwoSources = ["dst:VB out", "s0:VB in", "s1:VB in if s1_imm=0"];
class Vec2<string mnemonic, bits<8> opcode, string summary> : Vec<mnemonic, opcode, summary, TwoSources>;
class Vec3<string mnemonic, bits<8> opcode, string summary>
    : Vec<mnemonic, opcode, summary, TwoSources # ["s2:VB in"]>;
// s1 is a table or indices, never an immediate.
class Table<string mnemonic, bits<8> opcode, string summary>
    : Vec<mnemonic, opcode, summary, ["dst:VB out", "s0:VB in", "s1:VB in"]>;
def ADD : Vec2<"ADD", 0x40, "s0 + s1">;
def SUB : Vec2<"SUB", 0x41, "s0 - s1">;
def MUL : Vec2<"MUL", 0x42, "s0 * s1">;
def DIV : Vec2<"DIV", 0x43, "s0 / s1 in f32">;
def MAX : Vec2<"MAX", 0x44, "the larger; NaN if one is">;
def MIN : Vec2<"MIN", 0x45, "the smaller; NaN if one is">;
def MADD : Vec3<"MADD", 0x46, "s0 * s1 + s2, two roundings">;
def AND : Vec2<"AND", 0x47, "bitwise and of integers">;
def OR : Vec2<"OR", 0x48, "bitwise or of integers">;
def XOR : Vec2<"XOR", 0x49, "bitwise exclusive or of integers">;
def SHL : Vec2<"SHL", 0x4a, "integer shift left by s1 mod 32">;
def SHR : Vec2<"SHR", 0x4b, "arithmetic shift right by s1 mod 32">;
def CMP : Vec2<"CMP", 0x4c, "1 where s0 cmp s1, else 0">;
def SEL : Vec3<"SEL", 0x4d, "s0 != 0 ? s1 : s2">;
def CAST : Vec<"CAST", 0x4e, "convert s0 to ddt">;
def EXP : Vec<"EXP", 0x4f, "e^s0">;
def LOG : Vec<"LOG", 0x50, "natural logarithm">;
def RECIP : Vec<"RECIP", 0x51, "1 / s0, correctly rounded">;
def RSQRT : Vec<"RSQRT", 0x52, "1 / sqrt(s0): two correctly rounded steps">;
def SQRT : Vec<"SQRT", 0x53, "square root, correctly rounded">;
def TANH : Vec<"TANH", 0x54, "hyperbolic tangent">;
def ERF : Vec<"ERF", 0x55, "error function">;
def SIGMOID : Vec<"SIGMOID", 0x56, "1 / (1 + e^-s0)">;
def LUT : Table<"LUT", 0x57, "dst[i] = s1[unsigned byte s0[i]]: a table of 256 elements of ddt">;
def RSUM : Vec<"RSUM", 0x58, "sum of a repetition's elements, one element per repetition; f32: balanced binary tree "
                             "over the next power of two, filled with zeros">;
def RMAX : Vec<"RMAX", 0x59, "largest element of a repetition; NaN if one is">;
def RMIN : Vec<"RMIN", 0x5a, "smallest element of a repetition; NaN if one is">;
def RARGMAX : Vec<"RARGMAX", 0x5b, "index of the first largest element of a repetition">;
def BCAST : Vec<"BCAST", 0x5c, "the first element of each repetition of s0, len times">;
def COPY : Vec<"COPY", 0x5d, "copy s0, types equal">;
def TRANS : Vec<"TRANS", 0x5e,
                "transpose: dst[j][i] = s0[i][j] for i < rep, j < len; dst_stride is between the rows j">;
def GATHER : Table<"GATHER", 0x5f, "dst[i] = s0[s1[i]] with i32 indices in s1; an index outside s0's space traps">;
def SCATTER : Table<"SCATTER", 0x60, "dst[s1[i]] = s0[i] with i32 indices in s1, ascending i">;
def IOTA : Vec<"IOTA", 0x61, "0, 1, 2, ...", ["dst:VB out"]>;

} // Chapter

def Windows : Family<"Windows of the vector unit", [{Result (y, x, c) is computed from the window of the source at
rows `y*sh - pt + i*dh` (i < kh) and pixels `x*sw - pl + j*dw` (j < kw) of channel c; taps outside h x w are left out.
Element (row, pixel, c) of the source lies at `src + (row * row_stride + pixel * pix_stride + c) * bytes of sdt`; the
result has strides of its own; weights are dense.}]>;
let Chapter = Windows in {
defvar WindowShape = [L<"dst", "result [oh, ow, c]">, L<"src", "tensor [h, w, c]">, L<"wgt", "weights [kh, kw, c]">,
    L<"table", "c records {f32 scale, i32 or f32 bias}">,
    E<"sdt", 3, DType, "type of the source">, E<"wdt", 3, DType, "type of the weights">,
        E<"ddt", 3, DType, "type of the result">,
    U<"h", 12, "rows">, U<"w", 12, "pixels in a row">, U<"c", 14, "channels">,
        U<"pix_stride", 16, "elements from a pixel to the next">,
        U<"row_stride", 20, "elements from a row to the next">,
    U<"kh", 7, "rows of the window">, U<"kw", 7, "columns of the window">, U<"sh", 5, "vertical stride">,
        U<"sw", 5, "horizontal stride">, U<"dh", 5, "vertical dilation">, U<"dw", 5, "horizontal dilation">,
    I<"pt", 13, "rows of padding above">, I<"pl", 13, "pixels of padding on the left">,
        U<"oh", 12, "rows of the result">, U<"ow", 12, "pixels in a row of the result">,
    U<"dst_pix_stride", 16, "elements from a pixel of the result to the next">,
        U<"dst_row_stride", 20, "elements from a row of the result to the next">,
    E<"qmode", 2, QMode, "as FXOUT">, F<"scale", "qmode scalar: the scale">,
        I<"azp", 9, "zero point subtracted from the source">, I<"wzp", 9, "zero point subtracted from the weights">,
        I<"zp", 9, "zero point of the result">,
    E<"act", 2, Act, "none or clip">, B<"lo", 16, "lower bound, as FXOUT">, B<"hi", 16, "upper bound">,
        U<"include_pad", 1, "POOLAVG: padding counts in the divisor">];
class Window<string mnemonic, bits<8> opcode, string summary> : Inst<mnemonic, opcode, 4, [VX], WindowShape> {
  let Summary = summary;
}
def DWMAC : Window<"DWMAC", 0x70, "depthwise convolution"> {
  let Operands = ["dst:VB out", "src:VB in", "wgt:VB in", "table:VB in if qmode=table"];
  let Description = [{acc = sum over (kh, kw) of (src - azp) * (wgt - wzp), taps outside the tensor left out;
integers in i32, floats in f32 in the order (kh, kw), product and sum rounded on their own. Then FXOUT's steps
without residual and table lookup.}];
}
def POOLMAX : Window<"POOLMAX", 0x71, "maximum over windows"> {
  let Operands = ["dst:VB out", "src:VB in"];
  let Description = [{The largest in-range element of the window (NaN if one is); ddt is sdt; a window without one
gives the type's lowest value. act clip applies.}];
}
def POOLAVG : Window<"POOLAVG", 0x72, "average over windows"> {
  let Operands = ["dst:VB out", "src:VB in"];
  let Description = [{sum over in-range taps of (src - azp), exact in i32 or in f32 in the order (kh, kw); s =
f32(sum) / f32(count), times scale with qmode scalar; count is kh * kw with include_pad, else the number of in-range
taps (0 gives 0). Then FXOUT's steps from 3 on.}];
}
} // Chapter
