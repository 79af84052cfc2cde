// Formats: examples of the documents that define them, and what is almost one.
#include "compiled.h"

using namespace quipu::test;

namespace {

struct Format {
  const char* name;
  std::vector<const char*> valid, invalid;
};

// Examples of RFC 3339 (5.8), 3986 (1.1.2, 5.4), 4291 (2.2), 4122 (3), 5321, 6570 (1.2), 6901 (5),
// 3987, and of ISO 8601 in RFC 3339's appendix A; the rest breaks one rule each.
const Format formats[] = {
    {"date-time",
     {"1985-04-12T23:20:50.52Z", "1996-12-19T16:39:57-08:00", "1990-12-31T23:59:60Z",
      "1990-12-31T15:59:60-08:00", "1937-01-01t12:00:27.87+00:20", "2024-02-29T00:00:00z"},
     {"1985-04-12T23:20:50", "1985-04-12 23:20:50Z", "1985-13-12T23:20:50Z", "1985-04-31T00:00:00Z",
      "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "1985-04-12T24:00:00Z",
      "1990-12-31T23:58:60Z", "1990-12-31T23:59:60+01:00", "1985-04-12T23:20:50.Z",
      "85-04-12T23:20:50Z", "1985-4-12T23:20:50Z"}},
    {"date",
     {"1963-06-19", "2000-02-29", "2024-02-29"},
     {"1963-06-31", "2100-02-29", "1963-6-19", "19630619", ""}},
    {"time",
     {"08:30:06Z", "23:59:60Z", "01:29:60+01:30", "08:30:06.283185+23:59"},
     {"08:30:06", "24:00:00Z", "08:60:00Z", "08:30:61Z", "23:59:60+00:15", "08:30:06+24:00"}},
    {"duration",
     {"P4DT12H30M5S", "P1W", "PT36H", "P1Y2M3D", "P0D", "PT1M"},
     {"P", "PT", "P1D2H", "P1Y1D", "P1W2D", "P-1D", "4D", "PT0.5S", "P2S"}},
    {"email",
     {"joe.bloggs@example.com", "te~st@a-b.co", "\\\"joe bloggs\\\"@example.com", "joe@[127.0.0.1]",
      "joe@[IPv6:::1]"},
     {"2962", "@example.com", ".test@example.com", "a..b@example.com", "a@-b", "a@b@c", "a b@c"}},
    {"hostname",
     {"www.example.com", "xn--4gbwdl.xn--wgbh1c", "a", "1host"},
     {"", "-a", "a-", "a_b", "a..b", ".", "www.example.com.",
      "a123456789012345678901234567890123456789012345678901234567890123"}},
    {"ipv4",
     {"192.168.0.1", "0.0.0.0", "255.255.255.255"},
     {"256.0.0.1", "1.2.3", "01.2.3.4", "1.2.3.4.5", "0x7f000001"}},
    {"ipv6",
     {"ABCD:EF01:2345:6789:ABCD:EF01:2345:6789", "2001:DB8:0:0:8:800:200C:417A", "FF01::101", "::1",
      "::", "::13.1.68.3", "::FFFF:129.144.52.38", "1::"},
     {"12345::", "1:2:3:4:5:6:7:8:9", "1::2::3", ":::", "1:2:3:4:5:6:7", "::1%eth0", "::256.1.1.1",
      ":1"}},
    {"uri",
     {"ftp://ftp.is.co.za/rfc/rfc1808.txt", "http://www.ietf.org/rfc/rfc2396.txt",
      "ldap://[2001:db8::7]/c=GB?objectClass?one", "mailto:John.Doe@example.com",
      "news:comp.infosystems.www.servers.unix", "tel:+1-816-555-1212", "telnet://192.0.2.16:80/",
      "urn:oasis:names:specification:docbook:dtd:xml:4.1.2", "a:"},
     {"/abc", "//foo.bar", "http://a b", "1http://x", "http://x/%4", "http://[::1", "http://x/é",
      "", "bar baz:x"}},
    {"uri-reference",
     {"g:h", "./g", "g?y#s", "//g", "", "../../g", ";x"},
     {"\\\\\\\\WINDOWS", "a b", "1:2"}},
    {"iri", {"http://résumé.example.org/π?q=日#é"}, {"http://a b/", "/é"}},
    {"iri-reference", {"é/π", ""}, {"é π", "<é>"}},
    {"idn-email", {"실례@실례.테스트", "a@b"}, {"실례", "@실례", "실 례@a"}},
    {"uri-template",
     {"http://example.com/~{username}/", "{?q,lang}", "{/var:3,x*}", "{+path}/here", ""},
     {"http://{term", "{}", "a}b", "{a b}", "{a:0}"}},
    {"uuid",
     {"f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "2EB8AA08-AA98-11EA-B4AA-73B441D16380"},
     {"f81d4fae7dec11d0a76500a0c91e6bf6", "f81d4fae-7dec-11d0-a765-00a0c91e6bf",
      "g81d4fae-7dec-11d0-a765-00a0c91e6bf6"}},
    {"json-pointer",
     {"", "/foo/0", "/a~1b", "/m~0n", "/", "/k\\\"l"},
     {"foo", "#/a", "/a~", "/a~2"}},
    {"relative-json-pointer",
     {"0", "1/0", "2/highly/nested", "0#"},
     {"/foo", "01", "-1", "+1/a", "0##"}},
};

}  // namespace

BOOST_AUTO_TEST_CASE(formats_are_what_their_documents_say) {
  for (const Format& format : formats) {
    const auto grammar =
        checks("{\"type\":\"string\",\"format\":\"" + std::string(format.name) + "\"}");
    for (const char* text : format.valid)
      BOOST_TEST(grammar->accepts("\"" + std::string(text) + "\""),
                 format.name << " refuses " << text);
    for (const char* text : format.invalid)
      BOOST_TEST(!grammar->accepts("\"" + std::string(text) + "\""),
                 format.name << " accepts " << text);
  }
}

BOOST_AUTO_TEST_CASE(formats_are_about_strings_only) {
  BOOST_TEST(valid(R"({"format":"ipv4"})", "12"));
  BOOST_TEST(!valid(R"({"format":"ipv4"})", "\"12\""));
}
