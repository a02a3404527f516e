/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit.h - what every unit test starts with
 *
 * cmocka wants four headers before its own, and has a macro fail() that would
 * take the name of ours. fail_msg() says why.
 */
#ifndef MAIP_TESTS_UNIT_H
#define MAIP_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dice.h"

#undef fail
#undef fail_msg
#define fail_msg(...) (print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

#endif
