/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maip-jobctl list - what runs, and what has ended lately
 */
#include "jobctl.h"
#include "print.h"

static bool running_only, words;

static const struct opt opts[] = {
	OPT_FLAG('r', "running", &running_only, "only jobs that are not over"),
	OPT_FLAG(0, "words", &words,
	         "print ids and names, one a line and nothing else, as completions want them"),
	OPT_END
};

const struct tool list_tool = {
	.name = "maip-jobctl list", .parent = &jobctl_tool, .operands = "", .opts = opts,
	.summary = "what runs, and what has ended lately",
};

static const char *const columns[] = {
	"id", "name", "state", "start_time", "duration_ms", "stages", NULL
};

static void
print_job(struct printer *p, const cJSON *job)
{
	print_text(p, member_text(job, "jid"));
	print_text(p, member_text(job, "name"));
	print_text(p, member_text(job, "state"));
	print_time(p, member_int(job, "start-time"));
	print_duration(p, member_int(job, "duration"));
	print_int(p, member_int(cJSON_GetObjectItemCaseSensitive(job, "tasks"), "total"));
}

static enum status
run(const struct jobctl *ctl, const struct manager *m, int argc, char **argv)
{
	struct printer *p;
	const cJSON *job;
	cJSON *answer;
	struct err err;

	(void)argv;
	if (argc != 0)
		die(STATUS_USAGE, "list takes no operands (maip-jobctl show JOB shows one)");
	answer = jobctl_get(m, "/jobs/overview", &err);
	if (answer == NULL)
		return jobctl_failed(&err);
	p = words ? printer_new_words() : printer_new(columns, ctl->json);
	cJSON_ArrayForEach(job, cJSON_GetObjectItemCaseSensitive(answer, "jobs")) {
		if (running_only && job_is_over(member_text(job, "state")))
			continue;
		if (words) {
			print_text(p, member_text(job, "jid"));
			print_text(p, member_text(job, "name"));
		} else {
			print_job(p, job);
		}
	}
	cJSON_Delete(answer);
	return printer_finish(p);
}

const struct command command_list = { &list_tool, run, NULL };
