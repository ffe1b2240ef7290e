/* SPDX-License-Identifier: Apache-2.0 */
	.section .rodata
	.global dmarcd_config_example
	.global dmarcd_config_example_end
	.hidden dmarcd_config_example
	.hidden dmarcd_config_example_end
dmarcd_config_example:
	.incbin "doc/dmarcd.yaml.example"
dmarcd_config_example_end:
	.byte 0
	.section .note.GNU-stack, "", %progbits
