# SPDX-License-Identifier: MIT OR Apache-2.0
# From symbols.tsv: -v what=exports -v driver=N is the export list of one driver, -v what=stubs the
# C source of weak stubs for every symbol and of the table for cuGetProcAddress.
BEGIN { FS = "\t" }
/^#/ { next }
what == "exports" { if ($2 + 0 <= driver + 0) print $1; next }
{ n++; symbol[n] = $1; introduced[n] = $2; base[n] = $3; version[n] = $4; kind[n] = $5 }
END {
	if (what == "exports")
		exit
	print "/* Made by gen-symbols.awk. A stub gives way to the implementation, where there is one. */"
	print "#include \"resolve.h\""
	print "#include <stddef.h>"
	print "struct sim_entry_stub { const char *name; unsigned long calls; void *next, *rule; int known; };"
	print "int sim_stub(struct sim_entry_stub *entry);"
	print "int sim_stub_legacy(struct sim_entry_stub *entry);"
	print "#define STUB(symbol, answer) \\"
	print "\t__attribute__((weak, visibility(\"default\"))) int symbol(void); \\"
	print "\tint symbol(void) \\"
	print "\t{ \\"
	print "\t\tstatic struct sim_entry_stub entry = { .name = #symbol }; \\"
	print "\t\treturn answer(&entry); \\"
	print "\t}"
	for (i = 1; i <= n; i++)
		print "STUB(" symbol[i] ", " (kind[i] == "legacy32" ? "sim_stub_legacy" : "sim_stub") ")"
	print "const struct sim_symbol sim_symbols[] = {"
	for (i = 1; i <= n; i++)
		if (base[i] != "-")
			printf "\t{ \"%s\", %s, %s, %d, %s },\n", base[i], version[i], introduced[i],
				kind[i] == "ptsz", symbol[i]
	print "\t{ NULL, 0, 0, 0, NULL },"
	print "};"
}
