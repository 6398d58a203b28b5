/*
 * A host's addresses, in the place of musl's getaddrinfo: linked with --wrap=getaddrinfo.
 *
 * Asked for both families, musl has no answer where the name server answers one of the questions well and the other not at all, or by a
 * failure, as some do to that for IPv6. So IPv4 is asked for first, and IPv6 where the name has no address of IPv4.
 */
#include <netdb.h>
#include <stddef.h>
#include <sys/socket.h>

int __real_getaddrinfo(const char *host, const char *service, const struct addrinfo *wanted, struct addrinfo **found);
int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *wanted, struct addrinfo **found);

int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *wanted, struct addrinfo **found) {
    if (wanted == NULL || wanted->ai_family != AF_UNSPEC)
        return __real_getaddrinfo(host, service, wanted, found);
    struct addrinfo one = *wanted;
    one.ai_family = AF_INET;
    int failure = __real_getaddrinfo(host, service, &one, found);
    /* Where no name server answers, it is not asked for twice as long. */
    if (failure == 0 || failure == EAI_AGAIN)
        return failure;
    one.ai_family = AF_INET6;
    return __real_getaddrinfo(host, service, &one, found);
}
