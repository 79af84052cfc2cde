// The formats of draft 2020-12, section 7.3, as regular languages.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "text/regular/automaton.h"

namespace quipu::schema {

/// Absent for formats that the draft does not have; those are annotations.
///   date-time, date, time    RFC 3339, days of months and leap years included; seconds 00 to 59,
///                            and 60 where a leap second of UTC can be (offsets of quarter hours)
///   duration                 RFC 3339, appendix A
///   email, idn-email         RFC 5321 and 6531, Mailbox; parts of any length
///   hostname                 RFC 1123: labels of 1 to 63 characters, any number of them
///   ipv4, ipv6               dotted quad; RFC 4291, section 2.2
///   uri, uri-reference       RFC 3986
///   iri, iri-reference       RFC 3987
///   uri-template             RFC 6570
///   uuid                     RFC 4122
///   json-pointer, relative-json-pointer
/// Throws unsupported for regex and idn-hostname, which are not regular or too large; `where`
/// begins the message.
std::optional<regular::Automaton> format(std::string_view name, const std::string& where,
                                         regular::Budget& budget);

}  // namespace quipu::schema
