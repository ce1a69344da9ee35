/* SPDX-License-Identifier: BSD-2-Clause */
/* The BPF objects, carried inside the daemon: no file to find, none that does not match. */
	.section .rodata
	.macro program name, file
	.balign 16
	.global program_\name
	.global program_\name\()_end
program_\name:
	.incbin "\file"
program_\name\()_end:
	.byte 0
	.endm

	program nic, nic.bpf.o
	program pod, pod.bpf.o
	.section .note.GNU-stack, "", @progbits
