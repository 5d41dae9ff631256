/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The kernels of the test programs, as PTX. kernels.c holds the C twin of each, bit for bit.
 * All arithmetic is on integers, and what is added up atomically may be added in any order.
 *
 *   app_fill(words, n, seed)             words[i] = hash(i, seed)
 *   app_verify(words, n, seed, bad)      *bad += how many words are not hash(i, seed)
 *   app_sum(words, n, sum)               *sum += words[i] * (i + 1), 64 bits
 *   app_copy(to, from, n)                to[i] = from[i]
 *   app_axpy(y, x, n, a)                 y[i] += a * x[i]
 *   app_slow_fill(words, n, seed, ns)    waits, then app_fill
 *
 * n is 64 bits wide, seed and a are 32, ns and all addresses are 64.
 */
#ifndef APP_PTX_H
#define APP_PTX_H

/* Thread i of the grid does elements i, i + stride, ... below n, which is in %rd2. */
#define PTX_KERNEL_BEGIN(name, params)           \
	".visible .entry " name "(" params ")\n" \
	"{\n"                                    \
	".reg .pred %p<4>;\n"                    \
	".reg .b32 %r<16>;\n"                    \
	".reg .b64 %rd<24>;\n"
#define PTX_LOOP_BEGIN                   \
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
#define PTX_LOOP_END                  \
	"add.u64 %rd1, %rd1, %rd3;\n" \
	"bra next;\n"                 \
	"done:\n"
#define PTX_KERNEL_END \
	"ret;\n"       \
	"}\n"

/* %r11 = hash(%rd1, %r10) */
#define PTX_HASH                                     \
	"cvt.u32.u64 %r11, %rd1;\n"                  \
	"mad.lo.u32 %r11, %r11, 0x9e3779b1, %r10;\n" \
	"shr.u32 %r12, %r11, 16;\n"                  \
	"xor.b32 %r11, %r11, %r12;\n"                \
	"mul.lo.u32 %r11, %r11, 0x85ebca6b;\n"       \
	"shr.u32 %r12, %r11, 13;\n"                  \
	"xor.b32 %r11, %r11, %r12;\n"

static const char app_ptx[] = ".version 7.0\n"
			      ".target sm_70\n"
			      ".address_size 64\n"

	PTX_KERNEL_BEGIN(
		"app_fill", ".param .u64 words, .param .u64 n, .param .u32 seed") "ld.param.u64 %rd5, [words];\n"
										  "ld.param.u64 %rd2, [n];\n"
										  "ld.param.u32 %r10, [seed];\n" PTX_LOOP_BEGIN
											  PTX_HASH
										  "add.u64 %rd6, %rd5, %rd4;\n"
										  "st.global.u32 [%rd6], %r11;\n" PTX_LOOP_END
											  PTX_KERNEL_END

												  PTX_KERNEL_BEGIN(
													  "app_verify", ".param .u64 words, .param .u64 n, .param .u32 seed, .param .u64 bad") "ld.param.u64 %rd5, [words];\n"
																							       "ld.param.u64 %rd2, [n];\n"
																							       "ld.param.u32 %r10, [seed];\n"
																							       "ld.param.u64 %rd7, [bad];\n"
																							       "mov.u64 %rd8, 0;\n" PTX_LOOP_BEGIN
																								       PTX_HASH
																							       "add.u64 %rd6, %rd5, %rd4;\n"
																							       "ld.global.u32 %r13, [%rd6];\n"
																							       "setp.ne.u32 %p2, %r13, %r11;\n"
																							       "selp.u64 %rd9, 1, 0, %p2;\n"
																							       "add.u64 %rd8, %rd8, %rd9;\n" PTX_LOOP_END
																							       "red.global.add.u64 [%rd7], %rd8;\n" PTX_KERNEL_END

																								       PTX_KERNEL_BEGIN("app_sum", ".param .u64 words, .param .u64 n, .param .u64 sum") "ld.param.u64 %rd5, [words];\n"
																																			"ld.param.u64 %rd2, [n];\n"
																																			"ld.param.u64 %rd7, [sum];\n"
																																			"mov.u64 %rd8, 0;\n" PTX_LOOP_BEGIN "add.u64 %rd6, %rd5, %rd4;\n"
																																			"ld.global.u32 %r13, [%rd6];\n"
																																			"cvt.u64.u32 %rd9, %r13;\n"
																																			"add.u64 %rd10, %rd1, 1;\n"
																																			"mad.lo.u64 %rd8, %rd9, %rd10, %rd8;\n" PTX_LOOP_END
																																			"red.global.add.u64 [%rd7], %rd8;\n" PTX_KERNEL_END

																																				PTX_KERNEL_BEGIN("app_copy",
																																						 ".param .u64 to, .param .u64 from, .param .u64 n") "ld.param.u64 %rd5, [to];\n"
																																												    "ld.param.u64 %rd7, [from];\n"
																																												    "ld.param.u64 %rd2, [n];\n" PTX_LOOP_BEGIN
																																												    "add.u64 %rd6, %rd7, %rd4;\n"
																																												    "ld.global.u32 %r13, [%rd6];\n"
																																												    "add.u64 %rd6, %rd5, %rd4;\n"
																																												    "st.global.u32 [%rd6], %r13;\n" PTX_LOOP_END PTX_KERNEL_END

																																													    PTX_KERNEL_BEGIN(
																																														    "app_axpy", ".param .u64 y, .param .u64 x, .param .u64 n, .param .u32 a") "ld.param.u64 %rd5, [y];\n"
																																																							      "ld.param.u64 %rd7, [x];\n"
																																																							      "ld.param.u64 %rd2, [n];\n"
																																																							      "ld.param.u32 %r10, [a];\n" PTX_LOOP_BEGIN
																																																							      "add.u64 %rd6, %rd7, %rd4;\n"
																																																							      "ld.global.u32 %r11, [%rd6];\n"
																																																							      "add.u64 %rd6, %rd5, %rd4;\n"
																																																							      "ld.global.u32 %r12, [%rd6];\n"
																																																							      "mad.lo.u32 %r12, %r11, %r10, %r12;\n"
																																																							      "st.global.u32 [%rd6], %r12;\n" PTX_LOOP_END
																																																								      PTX_KERNEL_END

																																																									      PTX_KERNEL_BEGIN(
																																																										      "app_slow_fill",
																																																										      ".param .u64 words, .param .u64 n, .param .u32 seed, .param .u64 ns") "ld.param.u64 %rd5, [words];\n"
																																																																			    "ld.param.u64 %rd2, [n];\n"
																																																																			    "ld.param.u32 %r10, [seed];\n"
																																																																			    "ld.param.u64 %rd7, [ns];\n"
																																																																			    "mov.u64 %rd8, %globaltimer;\n"
																																																																			    "wait:\n"
																																																																			    "mov.u64 %rd9, %globaltimer;\n"
																																																																			    "sub.u64 %rd9, %rd9, %rd8;\n"
																																																																			    "setp.lt.u64 %p2, %rd9, %rd7;\n"
																																																																			    "@%p2 bra wait;\n" PTX_LOOP_BEGIN
																																																																				    PTX_HASH "add.u64 %rd6, %rd5, %rd4;\n"
																																																																			    "st.global.u32 [%rd6], %r11;\n" PTX_LOOP_END
																																																																				    PTX_KERNEL_END;

#endif
