/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page.c - whatever stands in the status pages, maip-jobctl has an answer and its answer is JSON
 *
 *	page [SEED [COUNT]]
 *
 * Pages start as real ones, of this process and of processes that are gone, and are damaged:
 * everywhere, or in a few bytes, or in their length. Every question is put to every job that is
 * found.
 */
#define _GNU_SOURCE                     /* mkdtemp */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dice.h"
#include "job/jobs.h"
#include "job/manager.h"
#include "job/rundir.h"
#include "json/scan.h"

#define PAGES 4

static uint64_t state;
static char     dir[] = "/tmp/maip-page-fuzz.XXXXXX";

static void
make_page(struct page_file *page, struct process owner)
{
	*page = (struct page_file){
		.layout = PAGE_LAYOUT,
		.pid = (int32_t)owner.pid,
		.start = owner.start,
		.started_ms = clock_wall_ms() - roll(&state, 100000),
		.stdin_pipe = roll(&state, 4),
		.stdout_pipe = roll(&state, 4),
		.tool = "maip-window",
		.job_name = "n\xc3\xa4me",
		.args = "--key\0k\0--where\0a = 'b'\0\xff",
		.args_n = 26,
	};
	memcpy(page->magic, PAGE_MAGIC, sizeof(page->magic));
	memset(page->job_id, 'a' + (int)roll(&state, 2), roll(&state, 2) * 32);
	stats_start(&page->stats, clock_monotonic_ns() - roll(&state, 1000000000));
	page->ended_ms = roll(&state, 2) * (page->started_ms + roll(&state, 1000));
	page->status = (int32_t)roll(&state, 3);
	page->request = (int32_t)roll(&state, 3);
}

static void
damage(struct page_file *page)
{
	static const size_t fields[] = {
		offsetof(struct page_file, started_ms),
		offsetof(struct page_file, ended_ms),
		offsetof(struct page_file, args_n),
		offsetof(struct page_file, stats.started_ns),
		offsetof(struct page_file, stats.waiting_since),
		offsetof(struct page_file, stats.idle_ns),
		offsetof(struct page_file, stats.newest),
		offsetof(struct page_file, tool),
		offsetof(struct page_file, stats.marks[0].idle_ns),
		offsetof(struct page_file, stats.waiting),
		offsetof(struct page_file, job_id),
	};
	const size_t free_from = roll(&state, 2) == 0 ? 0 : offsetof(struct page_file, stdin_pipe);
	unsigned char *bytes = (unsigned char *)page;

	switch (roll(&state, 4)) {
	case 0:                                 /* everything, the magic aside */
		for (size_t i = free_from < 12 ? 12 : free_from; i < sizeof(*page); i++)
			bytes[i] = (unsigned char)roll(&state, 256);
		break;
	case 1:
		for (uint32_t n = roll(&state, 8); n > 0; n--)
			bytes[roll(&state, sizeof(*page))] = (unsigned char)roll(&state, 256);
		break;
	/* the largest and smallest numbers where numbers are */
	case 2:
		for (uint32_t n = roll(&state, 8); n > 0; n--)
			memset(bytes + fields[roll(&state, sizeof(fields) / sizeof(*fields))] +
			               roll(&state, 2) * 7,
			       roll(&state, 2) == 0 ? 0xff : 0x7f, 1 + roll(&state, 8));
		break;
	default:
		break;
	}
}

static void
write_page(int index)
{
	struct process owner = { .pid = getpid(), .start = process_start(getpid()) };
	char path[128], name[64];
	struct page_file page;
	FILE *f;

	if (index > 0)                                  /* one page a process */
		owner = (struct process){ .pid = 1 << 22 | index, .start = 1 };
	make_page(&page, owner);
	owner.pid += roll(&state, 16) == 0;              /* or not */
	page_name(name, &owner);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	damage(&page);
	const bool cut = roll(&state, 16) == 0;
	f = fopen(path, "w");
	if (f == NULL ||
	    fwrite(&page, cut ? roll(&state, sizeof(page)) : sizeof(page), 1, f) > 1 ||
	    fclose(f) != 0)
		exit(70);
}

/* GET path; the answer must be one that can be printed. */
static bool
ask(const struct manager *m, const char *path, cJSON **answer)
{
	struct err err;
	char *text;
	bool right;

	if (m->call(m->self, "GET", path, NULL, answer, &err) < 0)
		return err.status == STATUS_NOINPUT;            /* two jobs may claim one id */
	text = cJSON_PrintUnformatted(*answer);
	right = json_check(str_of(text), &err) == 0;
	free(text);
	return right;
}

static bool
ask_vertices(const struct manager *m, const char *id, const cJSON *detail)
{
	static const char *const questions[] = { "backpressure", "watermarks" };
	const cJSON *vertex;
	bool right = true;

	cJSON_ArrayForEach(vertex, cJSON_GetObjectItemCaseSensitive(detail, "vertices")) {
		for (int i = 0; i < 2 && right; i++) {
			char path[128];
			cJSON *answer = NULL;

			snprintf(path, sizeof(path), "/jobs/%s/vertices/%s/%s", id,
			         cJSON_GetObjectItemCaseSensitive(vertex, "id")->valuestring,
			         questions[i]);
			right = ask(m, path, &answer);
			cJSON_Delete(answer);
		}
	}
	return right;
}

static bool
one_case(const struct manager *m)
{
	cJSON *overview = NULL;
	const cJSON *job;
	bool right;

	for (int i = 0; i < PAGES; i++)
		write_page(i);
	right = ask(m, "/jobs/overview", &overview);
	cJSON_ArrayForEach(job, cJSON_GetObjectItemCaseSensitive(overview, "jobs")) {
		const char *id = cJSON_GetObjectItemCaseSensitive(job, "jid")->valuestring;
		cJSON *detail = NULL;
		char path[128];

		snprintf(path, sizeof(path), "/jobs/%s", id);
		right = right && ask(m, path, &detail) && ask_vertices(m, id, detail);
		cJSON_Delete(detail);
	}
	cJSON_Delete(overview);
	return right;
}

static void
remove_dir(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	if (system(command) != 0)
		_exit(70);
}

int
main(int argc, char **argv)
{
	const uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	const long     count = argc > 2 ? strtol(argv[2], NULL, 0) : 40;
	struct manager m;

	if (mkdtemp(dir) == NULL || setenv("MAIP_RUN_DIR", dir, 1) < 0)
		return 70;
	atexit(remove_dir);
	manager_local(&m, 0, clock_wall_ms);
	puts("1..1");
	for (long i = 0; i < count; i++) {
		state = case_state(seed, (uint64_t)i);
		if (!one_case(&m)) {
			printf("not ok 1 - every page has an answer # seed %llu, case %ld\n", (unsigned long long)seed, i);
			return 1;
		}
	}
	puts("ok 1 - every page has an answer");
	m.close(m.self);
	return 0;
}
