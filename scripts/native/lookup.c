/*
 * Functions by their names, in the place of the builder's JVM_FindLibraryEntry: linked with --wrap=JVM_FindLibraryEntry.
 *
 * A static executable has no table of names, so dlsym(3) finds nothing in it. The JDK's libnet looks for inet_pton that way,
 * and takes a system without it for one without IPv6: then Java neither listens at an IPv6 address nor resolves a name to one.
 */
#include <arpa/inet.h>
#include <string.h>

void *__real_JVM_FindLibraryEntry(void *library, const char *name);
void *__wrap_JVM_FindLibraryEntry(void *library, const char *name);

void *__wrap_JVM_FindLibraryEntry(void *library, const char *name) {
    if (strcmp(name, "inet_pton") == 0)
        return (void *)inet_pton;
    return __real_JVM_FindLibraryEntry(library, name);
}
