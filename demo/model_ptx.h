/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The model's kernels as PTX; kernels.c holds their C twins. state is two 64-bit words: the hidden
 * state x, and a sum that grows while the weights and the arena are read.
 *
 *   model_read(words, n, state)     sum += words[i] * ((i + x) | 1), over all i
 *   model_next(state)               x = mix(x + sum), sum = 0
 *   model_row(row, n, state)        row[i] = the low half of mix(x + i)
 *
 * where mix(v) is v ^= v >> 33, v *= 0xff51afd7ed558ccd, v ^= v >> 33. n is 64 bits wide.
 */
#ifndef MODEL_PTX_H
#define MODEL_PTX_H

/* Element i = %rd1, in steps of the grid, below n in %rd2; its byte offset in %rd4. */
#define MODEL_LOOP                       \
	"mov.u32 %r1, %ctaid.x;\n"       \
	"mov.u32 %r2, %ntid.x;\n"        \
	"mov.u32 %r3, %tid.x;\n"         \
	"mov.u32 %r4, %nctaid.x;\n"      \
	"mul.wide.u32 %rd1, %r1, %r2;\n" \
	"cvt.u64.u32 %rd3, %r3;\n"       \
	"add.u64 %rd1, %rd1, %rd3;\n"    \
	"mul.wide.u32 %rd3, %r4, %r2;\n" \
	"next:\n"                        \
	"setp.ge.u64 %p1, %rd1, %rd2;\n" \
	"@%p1 bra done;\n"               \
	"shl.b64 %rd4, %rd1, 2;\n"
#define MODEL_LOOP_END                \
	"add.u64 %rd1, %rd1, %rd3;\n" \
	"bra next;\n"                 \
	"done:\n"
#define MODEL_REGISTERS       \
	".reg .pred %p<4>;\n" \
	".reg .b32 %r<8>;\n"  \
	".reg .b64 %rd<16>;\n"
/* %rd9 = mix(%rd9) */
#define MODEL_MIX                                      \
	"shr.u64 %rd10, %rd9, 33;\n"                   \
	"xor.b64 %rd9, %rd9, %rd10;\n"                 \
	"mul.lo.u64 %rd9, %rd9, 0xff51afd7ed558ccd;\n" \
	"shr.u64 %rd10, %rd9, 33;\n"                   \
	"xor.b64 %rd9, %rd9, %rd10;\n"

static const char model_ptx[] =
	".version 7.0\n"
	".target sm_70\n"
	".address_size 64\n"

	".visible .entry model_read(.param .u64 words, .param .u64 n, .param .u64 state)\n"
	"{\n" MODEL_REGISTERS "ld.param.u64 %rd5, [words];\n"
	"ld.param.u64 %rd2, [n];\n"
	"ld.param.u64 %rd6, [state];\n"
	"ld.global.u64 %rd7, [%rd6];\n"
	"mov.u64 %rd8, 0;\n" MODEL_LOOP "add.u64 %rd9, %rd5, %rd4;\n"
	"ld.global.u32 %r5, [%rd9];\n"
	"cvt.u64.u32 %rd9, %r5;\n"
	"add.u64 %rd10, %rd1, %rd7;\n"
	"or.b64 %rd10, %rd10, 1;\n"
	"mad.lo.u64 %rd8, %rd9, %rd10, %rd8;\n" MODEL_LOOP_END
	"red.global.add.u64 [%rd6+8], %rd8;\n"
	"ret;\n"
	"}\n"

	".visible .entry model_next(.param .u64 state)\n"
	"{\n" MODEL_REGISTERS "ld.param.u64 %rd6, [state];\n"
	"ld.global.u64 %rd9, [%rd6];\n"
	"ld.global.u64 %rd8, [%rd6+8];\n"
	"add.u64 %rd9, %rd9, %rd8;\n" MODEL_MIX "st.global.u64 [%rd6], %rd9;\n"
	"mov.u64 %rd8, 0;\n"
	"st.global.u64 [%rd6+8], %rd8;\n"
	"ret;\n"
	"}\n"

	".visible .entry model_row(.param .u64 row, .param .u64 n, .param .u64 state)\n"
	"{\n" MODEL_REGISTERS "ld.param.u64 %rd5, [row];\n"
	"ld.param.u64 %rd2, [n];\n"
	"ld.param.u64 %rd6, [state];\n"
	"ld.global.u64 %rd7, [%rd6];\n" MODEL_LOOP "add.u64 %rd9, %rd7, %rd1;\n" MODEL_MIX
	"cvt.u32.u64 %r5, %rd9;\n"
	"add.u64 %rd9, %rd5, %rd4;\n"
	"st.global.u32 [%rd9], %r5;\n" MODEL_LOOP_END "ret;\n"
	"}\n";

#endif
