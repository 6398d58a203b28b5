package io.towpath.lab.containerd;

import io.towpath.lab.ImageArchive;
import java.io.IOException;
import java.nio.file.Path;

/** The image that sandboxes are made of: it serves a page by HTTP, so that a sandbox without any container in it can be spoken to. */
final class SandboxImage {
    static final String NAME = "towpath.lab/sandbox:1";
    static final int PORT = 8080;
    static final String PAGE = "served by a sandbox";

    private SandboxImage() {}

    /** Writes the archive into a folder. */
    static Path write(Path folder) throws IOException {
        return ImageArchive.named(NAME)
                .entrypoint("/bin/busybox", "httpd", "-f", "-p", String.valueOf(PORT), "-h", "/www")
                .busybox()
                .text("/www/index.html", PAGE)
                .write(folder.resolve("image.tar"));
    }
}
