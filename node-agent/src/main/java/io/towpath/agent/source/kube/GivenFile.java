package io.towpath.agent.source.kube;

import io.towpath.linux.Linux;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A small file of text that an operator or the kubelet gives. */
final class GivenFile {
    private static final int MOST_BYTES = 1 << 20;

    private GivenFile() {}

    /**
     * What is in it, at most 1 MiB.
     *
     * @throws IOException that names the file and says what is wrong: it is not there, no regular file, too large, empty, or no text
     */
    static String text(Path file) throws IOException {
        byte[] content = Linux.readFile(file.toString(), MOST_BYTES);
        if (content == null) {
            throw new IOException(file + " is not there");
        }
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(content))
                    .toString();
            if (text.isBlank()) {
                throw new IOException(file + " is empty");
            }
            return text;
        } catch (CharacterCodingException _) {
            throw new IOException(file + " is no text in UTF-8");
        }
    }
}
