// SPDX-License-Identifier: Apache-2.0
/*
 * The vocabulary of SVG Tiny PS (the RELAX NG schema of
 * draft-svg-tiny-ps-abrotman section 7): what may stand where, and by what
 * word the rest is refused.
 */
#pragma once

#include "base/str.h"

/* Name is an element of the profile. */
bool svg_element_allowed(struct str name);
/* Name (without a prefix) is an attribute that this element may have. */
bool svg_attribute_allowed(struct str element, struct str name);
/* The rule that a foreign element or attribute breaks: "svg.script", "svg.animation", …; at least "svg.element"
 * or "svg.attribute". */
const char *svg_element_rule(struct str name);
const char *svg_attribute_rule(struct str name);
