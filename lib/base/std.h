/* SPDX-License-Identifier: Apache-2.0 */
/*
 * std.h - the three descriptors that every program is given
 */
#ifndef MAIP_BASE_STD_H
#define MAIP_BASE_STD_H

/* Whoever starts us may have closed some of them ("<&-"). The next file that is opened would take
 * such a number, and be read as our input or written to as our output. So /dev/null stands in its
 * place, opened the wrong way round: reading standard input or writing standard output fails as on
 * a closed descriptor (EBADF). To be called before anything is opened; ends the tool with STATUS_IO
 * if there is no /dev/null. */
void std_hold(void);

#endif
