// SPDX-License-Identifier: Apache-2.0
/* The model of an aggregate report written as XML: what read it reads the same from it. */
#pragma once

#include "base/buf.h"
#include "model/report.h"

void fuzz_xml_begin(struct buf *out);
void fuzz_xml_record(struct buf *out, const struct aggregate_record *record);
void fuzz_xml_end(struct buf *out, const struct aggregate_head *head);
