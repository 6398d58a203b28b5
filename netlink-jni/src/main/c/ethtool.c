#define _GNU_SOURCE
#include "native.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

NATIVE(jint, txChecksum, jbyteArray device, jint set)
{
    struct ethtool_value value = {.cmd = set < 0 ? ETHTOOL_GTXCSUM : ETHTOOL_STXCSUM, .data = set > 0};
    struct ifreq request = {.ifr_data = (void *)&value};
    int result = towpath_copy_string(env, device, request.ifr_name, sizeof(request.ifr_name));
    if (result < 0)
        return result;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    result = ioctl(fd, SIOCETHTOOL, &request) < 0 ? -errno : set < 0 ? value.data != 0 : 0;
    close(fd);
    return result;
}
