/* Lists that are too long to hold in memory. */
#ifndef CLIENT_EXPORT_H
#define CLIENT_EXPORT_H

#include "server/client/client.h"

/* Streams the CSV at the path into the file ("-": standard output), which has its name only once it is whole.
 */
client_exit client_export(client *c, const char *path, const char *file) CLIENT_MUST_CHECK;

#endif
