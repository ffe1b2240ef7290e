# SPDX-License-Identifier: Apache-2.0
"""The hostile corpus: what each mail may become is said where it is made, by the design's rules."""
