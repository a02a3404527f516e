/* SPDX-License-Identifier: Apache-2.0 */
/*
 * paths.h - the paths an extractor looks for, as one tree
 *
 * a.b, a.c and d are a tree with the branches a and d. Both the exact and the template path walk it
 * beside the containers of a line: what stands at no node is of no interest.
 */
#ifndef MAIP_JSON_PATHS_H
#define MAIP_JSON_PATHS_H

#include "json/extract.h"

#define NODE_NONE UINT16_MAX

struct node {
	struct step step;               /* from its parent; the name is owned */
	int16_t     field;              /* index into fields, or -1 */
	uint16_t    child, sibling;     /* or NODE_NONE */
	/* one past the highest index among its children; 0: none is one */
	uint32_t    elements;
	uint64_t    below;              /* bit i: field i stands here or below */
};

struct paths {
	struct node *nodes;             /* nodes[0] is the record itself */
	size_t       n, cap;
	struct str   names[EXTRACT_FIELDS];     /* of the fields, as written in messages; owned */
	size_t       n_fields;
};

void paths_init(struct paths *p);
void paths_release(struct paths *p);

/* See extract_path. */
int paths_add(struct paths *p, const struct path *path, struct err *err);

/* The node for a member of the object at node, or NODE_NONE. raw has its quotes. scratch: for
 * names with escapes. */
uint16_t paths_member(const struct paths *p, uint16_t node, struct str raw, bool escaped,
                      struct arena *scratch);

/* The node for an element of the array at node, or NODE_NONE. */
uint16_t paths_element(const struct paths *p, uint16_t node, uint32_t index);

#endif
