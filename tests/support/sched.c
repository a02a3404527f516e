/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sched.c - coroutines under a seeded scheduler
 *
 * Every task has a ucontext of its own; the scheduler runs on the caller's stack
 * and switches to one runnable task after the other. AddressSanitizer and
 * ThreadSanitizer are told of each switch, or they would take a foreign stack
 * for an overflow.
 */
#define _GNU_SOURCE                     /* MAP_STACK, MAP_ANONYMOUS */
#include "sched.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "base/mem.h"
#include "base/time.h"

#if defined(__has_feature)
#define HAS_FEATURE(f) __has_feature(f)
#else
#define HAS_FEATURE(f) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || HAS_FEATURE(address_sanitizer)
#include <sanitizer/common_interface_defs.h>
#define ASAN 1
#endif
#if defined(__SANITIZE_THREAD__) || HAS_FEATURE(thread_sanitizer)
#include <sanitizer/tsan_interface.h>
#define TSAN 1
#endif

/* AddressSanitizer clears its shadow at each switch: fast up to here */
#define STACK_SIZE ((size_t)256 << 10)
#define GUARD_SIZE 4096                 /* at the low end: an overflow is a fault, not a riddle */
#define START_MS   1767225600000

struct context {
	ucontext_t  uc;
	const void *stack;              /* as far as known, for AddressSanitizer */
	size_t      stack_size;
	void       *fake_stack, *fiber;
};

struct task {
	struct sched  *s;
	const char    *name;
	void         (*fn)(void *arg);
	void          *arg;
	struct context context;
	void          *stack;
	bool         (*ready)(void *arg);
	void          *ready_arg;
	int64_t        deadline_ms;     /* TIME_MAX: none */
	bool           over;
};

struct sched_pipe {
	struct sched *s;
	struct buf    bytes;
	size_t        at, size;
	uint64_t      written, cut_after;
	bool          writer_gone, reader_gone;
};

struct memory {                         /* behind sched_bytes and sched_collect */
	struct sched *s;
	struct str    from;
	struct buf   *to;
};

struct sched {
	uint64_t       state;
	int64_t        now_ms;
	struct context main;
	struct task  **task, *current;
	size_t         n_tasks, cap_tasks;
	struct sched_pipe **pipe;
	size_t         n_pipes, cap_pipes;
	struct memory **memory;
	size_t         n_memories, cap_memories;
};

/* ---- chance: splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators,
 * 2014) */

static uint64_t
next_random(struct sched *s)
{
	uint64_t z = s->state += 0x9E3779B97F4A7C15;

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
	return z ^ (z >> 31);
}

uint64_t
sched_random(struct sched *s, uint64_t below)
{
	return next_random(s) % below;
}

/* ---- switching */

static void
switch_to(struct context *from, struct context *to, bool from_ends)
{
	(void)from_ends;
#ifdef ASAN
	__sanitizer_start_switch_fiber(from_ends ? NULL : &from->fake_stack, to->stack,
	                               to->stack_size);
#endif
#ifdef TSAN
	__tsan_switch_to_fiber(to->fiber, 0);
#endif
	swapcontext(&from->uc, &to->uc);
#ifdef ASAN
	__sanitizer_finish_switch_fiber(from->fake_stack, NULL, NULL);
#endif
}

/* makecontext passes ints only. */
static void
task_main(unsigned high, unsigned low)
{
	struct task *t = (struct task *)(((uintptr_t)high << 32) | (uintptr_t)low);

#ifdef ASAN
	__sanitizer_finish_switch_fiber(NULL, &t->s->main.stack, &t->s->main.stack_size);
#endif
	t->fn(t->arg);
	t->over = true;
	switch_to(&t->context, &t->s->main, true);
}

struct sched *
sched_new(uint64_t seed)
{
	struct sched *s = mem_zalloc(1, sizeof(*s));

	s->state = seed;
	s->now_ms = START_MS;
#ifdef TSAN
	s->main.fiber = __tsan_get_current_fiber();
#endif
	return s;
}

void
sched_spawn(struct sched *s, const char *name, void (*fn)(void *arg), void *arg)
{
	struct task *t = mem_zalloc(1, sizeof(*t));
	const uintptr_t p = (uintptr_t)t;

	*t = (struct task){ .s = s, .name = name, .fn = fn, .arg = arg, .deadline_ms = TIME_MAX };
	t->stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
	                MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (t->stack == MAP_FAILED || mprotect(t->stack, GUARD_SIZE, PROT_NONE) < 0)
		abort();
	getcontext(&t->context.uc);
	t->context.stack = (char *)t->stack + GUARD_SIZE;
	t->context.stack_size = STACK_SIZE - GUARD_SIZE;
	t->context.uc.uc_stack.ss_sp = (char *)t->stack + GUARD_SIZE;
	t->context.uc.uc_stack.ss_size = STACK_SIZE - GUARD_SIZE;
#ifdef TSAN
	t->context.fiber = __tsan_create_fiber(0);
#endif
	makecontext(&t->context.uc, (void (*)(void))task_main, 2, (unsigned)(p >> 32),
	            (unsigned)(p & 0xFFFFFFFF));
	s->task = mem_more(s->task, s->n_tasks, &s->cap_tasks, sizeof(struct task *));
	s->task[s->n_tasks++] = t;
}

static void
free_task(struct task *t)
{
	munmap(t->stack, STACK_SIZE);
#ifdef TSAN
	__tsan_destroy_fiber(t->context.fiber);
#endif
	free(t);
}

void
sched_free(struct sched *s)
{
	for (size_t i = 0; i < s->n_tasks; i++)
		free_task(s->task[i]);
	for (size_t i = 0; i < s->n_pipes; i++) {
		buf_release(&s->pipe[i]->bytes);
		free(s->pipe[i]);
	}
	for (size_t i = 0; i < s->n_memories; i++)
		free(s->memory[i]);
	free(s->task);
	free(s->pipe);
	free(s->memory);
	free(s);
}

/* ---- scheduling */

static bool
runnable(const struct task *t)
{
	return !t->over &&
	       (t->ready == NULL || t->deadline_ms <= t->s->now_ms || t->ready(t->ready_arg));
}

/* One of those that can run, all equally likely; NULL: none can. */
static struct task *
choose(struct sched *s)
{
	struct task *chosen = NULL;
	uint64_t n = 0;

	for (size_t i = 0; i < s->n_tasks; i++)
		if (runnable(s->task[i]) && sched_random(s, ++n) == 0)
			chosen = s->task[i];
	return chosen;
}

/* Jump to the first deadline. False: nobody waits for one. */
static bool
pass_time(struct sched *s)
{
	int64_t first = TIME_MAX;

	for (size_t i = 0; i < s->n_tasks; i++)
		if (!s->task[i]->over && s->task[i]->deadline_ms < first)
			first = s->task[i]->deadline_ms;
	if (first == TIME_MAX)
		return false;
	s->now_ms = first;
	return true;
}

const char *
sched_run(struct sched *s)
{
	for (;;) {
		struct task *t = choose(s);

		if (t == NULL && pass_time(s))
			continue;
		if (t == NULL)
			break;
		s->current = t;
		switch_to(&s->main, &t->context, false);
		s->current = NULL;
	}
	for (size_t i = 0; i < s->n_tasks; i++)
		if (!s->task[i]->over)
			return s->task[i]->name;
	return NULL;
}

bool
sched_wait(struct sched *s, bool (*ready)(void *arg), void *arg, int64_t wait_ms)
{
	struct task *t = s->current;

	t->ready = ready;
	t->ready_arg = arg;
	t->deadline_ms = wait_ms < 0 ? TIME_MAX : s->now_ms + wait_ms;
	switch_to(&t->context, &s->main, false);
	t->ready = NULL;
	t->deadline_ms = TIME_MAX;
	return ready(arg);
}

void
sched_pause(struct sched *s)
{
	if (sched_random(s, 2) == 0)
		switch_to(&s->current->context, &s->main, false);
}

int64_t
sched_clock_ms(void *s)
{
	return ((const struct sched *)s)->now_ms;
}

int64_t
sched_clock_ns(void *s)
{
	return (sched_clock_ms(s) - START_MS) * 1000000 + 1;
}

/* ---- pipes */

/* How much of n goes through at once: mostly a little, sometimes all. */
static size_t
some(struct sched *s, size_t n)
{
	const uint64_t sizes[] = { 1, 16, 700, n };
	const uint64_t most = sizes[sched_random(s, 4)];

	return 1 + (size_t)sched_random(s, most < n ? most : n);
}

static bool
can_read(void *self)
{
	const struct sched_pipe *p = self;

	return p->writer_gone || p->bytes.n > p->at;
}

static bool
can_write(void *self)
{
	const struct sched_pipe *p = self;

	return p->reader_gone || p->bytes.n - p->at < p->size;
}

static int64_t
pipe_read(void *self, char *to, size_t n, struct err *err)
{
	struct sched_pipe *p = self;
	size_t left;

	(void)err;
	sched_pause(p->s);
	sched_wait(p->s, can_read, p, -1);
	left = p->bytes.n - p->at;
	if (left == 0)
		return 0;
	n = some(p->s, n < left ? n : left);
	memcpy(to, p->bytes.p + p->at, n);
	p->at += n;
	if (p->at == p->bytes.n) {
		buf_clear(&p->bytes);
		p->at = 0;
	}
	return (int64_t)n;
}

static bool
pipe_ready(void *self, int64_t wait_ms)
{
	struct sched_pipe *p = self;

	sched_pause(p->s);
	return wait_ms == 0 ? can_read(p) : sched_wait(p->s, can_read, p, wait_ms);
}

static int64_t
pipe_write(void *self, const char *from, size_t n, struct err *err)
{
	struct sched_pipe *p = self;
	size_t room;

	(void)err;
	sched_pause(p->s);
	sched_wait(p->s, can_write, p, -1);
	if (p->reader_gone)
		return SINK_READER_GONE;
	room = p->size - (p->bytes.n - p->at);
	n = some(p->s, n < room ? n : room);
	for (size_t i = 0; i < n; i++, p->written++)
		if (p->written < p->cut_after)
			buf_add_char(&p->bytes, from[i]);
	if (p->written >= p->cut_after)
		p->writer_gone = true;
	return (int64_t)n;
}

static int
pipe_close(void *self, struct err *err)
{
	(void)err;
	((struct sched_pipe *)self)->writer_gone = true;
	return 0;
}

struct sched_pipe *
sched_pipe(struct sched *s, size_t size)
{
	struct sched_pipe *p = mem_zalloc(1, sizeof(*p));

	p->s = s;
	p->size = size;
	p->cut_after = UINT64_MAX;
	buf_init(&p->bytes, BUF_NO_MAX);
	s->pipe = mem_more(s->pipe, s->n_pipes, &s->cap_pipes, sizeof(struct sched_pipe *));
	s->pipe[s->n_pipes++] = p;
	return p;
}

struct source
sched_source(struct sched_pipe *p)
{
	return (struct source){ p, pipe_read, pipe_ready };
}

struct sink
sched_sink(struct sched_pipe *p)
{
	return (struct sink){ .self = p, .write = pipe_write, .close = pipe_close };
}

void
sched_close_reader(struct sched_pipe *p)
{
	p->reader_gone = true;
}

void
sched_cut(struct sched_pipe *p, uint64_t after_bytes)
{
	p->cut_after = after_bytes;
	if (after_bytes == 0)
		p->writer_gone = true;
}

/* ---- memory */

static struct memory *
new_memory(struct sched *s)
{
	struct memory *m = mem_zalloc(1, sizeof(*m));

	m->s = s;
	s->memory = mem_more(s->memory, s->n_memories, &s->cap_memories, sizeof(struct memory *));
	s->memory[s->n_memories++] = m;
	return m;
}

static int64_t
memory_read(void *self, char *to, size_t n, struct err *err)
{
	struct memory *m = self;

	(void)err;
	sched_pause(m->s);
	if (m->from.n == 0)
		return 0;
	n = some(m->s, n < m->from.n ? n : m->from.n);
	memcpy(to, m->from.p, n);
	m->from = str_slice(m->from, n, m->from.n);
	return (int64_t)n;
}

/* Sometimes the next bytes seem not to be there yet, so that stages flush at odd moments. */
static bool
memory_ready(void *self, int64_t wait_ms)
{
	struct memory *m = self;

	return wait_ms != 0 || sched_random(m->s, 4) != 0;
}

static int64_t
memory_write(void *self, const char *from, size_t n, struct err *err)
{
	struct memory *m = self;

	(void)err;
	sched_pause(m->s);
	n = some(m->s, n);
	buf_add(m->to, from, n);
	return (int64_t)n;
}

struct source
sched_bytes(struct sched *s, struct str bytes)
{
	struct memory *m = new_memory(s);

	m->from = bytes;
	return (struct source){ m, memory_read, memory_ready };
}

struct sink
sched_collect(struct sched *s, struct buf *to)
{
	struct memory *m = new_memory(s);

	m->to = to;
	return (struct sink){ .self = m, .write = memory_write };
}
