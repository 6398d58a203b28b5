package io.towpath.lab.kubernetes;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;

/** The results that a program of tests has written in JUnit's form. */
final class JUnitResults {
    private JUnitResults() {}

    /**
     * One case.
     *
     * @param kind what the program did there: {@code It} for a case, or {@code AfterSuite} and the like; may be empty
     * @param why the first line of the reason; empty if it passed, or if it was not selected
     */
    record Case(String kind, String name, Report.Verdict verdict, String why) {}

    /** Reads all cases of a file. */
    static List<Case> read(Path file) throws IOException {
        XMLInputFactory factory = XMLInputFactory.newFactory();
        factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
        try (InputStream in = Files.newInputStream(file)) {
            XMLStreamReader xml = factory.createXMLStreamReader(in, "UTF-8");
            List<Case> cases = new ArrayList<>();
            while (xml.hasNext()) {
                if (xml.next() == XMLStreamReader.START_ELEMENT
                        && xml.getLocalName().equals("testcase")) {
                    cases.add(read(xml));
                }
            }
            return cases;
        } catch (XMLStreamException e) {
            throw new IOException(file + " is no JUnit report: " + e.getMessage(), e);
        }
    }

    private static Case read(XMLStreamReader xml) throws XMLStreamException {
        String name = xml.getAttributeValue("", "name");
        String kind = "";
        int end = name.indexOf(']');
        if (name.startsWith("[") && end > 0) {
            kind = name.substring(1, end);
            name = name.substring(end + 1).strip();
        }
        Report.Verdict verdict = Report.Verdict.PASSED;
        String why = "";
        while (!(xml.next() == XMLStreamReader.END_ELEMENT && xml.getLocalName().equals("testcase"))) {
            if (!xml.isStartElement()) {
                continue;
            }
            switch (xml.getLocalName()) {
                case "failure", "error" -> {
                    verdict = Report.Verdict.FAILED;
                    why = firstLine(xml.getElementText());
                }
                case "skipped" -> {
                    verdict = Report.Verdict.SKIPPED;
                    why = xml.getAttributeValue("", "message")
                            .replaceFirst("^skipped( - )?", "")
                            .strip();
                }
                default -> {}
            }
        }
        return new Case(kind, name, verdict, why);
    }

    private static String firstLine(String text) {
        return text.lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .findFirst()
                .orElse("no reason given");
    }
}
