#include "model/name_index.h"

#include <boost/test/unit_test.hpp>

#include "quipu/error.h"

BOOST_AUTO_TEST_CASE(names_are_found_at_their_places) {
  const quipu::NameIndex index({"pear", "apple", "fig"});

  BOOST_TEST(*index.find("pear") == 0u);
  BOOST_TEST(*index.find("apple") == 1u);
  BOOST_TEST(*index.find("fig") == 2u);
  BOOST_TEST(!index.find("figs"));
  BOOST_TEST(!index.find(""));
  BOOST_TEST(!quipu::NameIndex().find("fig"));
}

BOOST_AUTO_TEST_CASE(a_name_that_is_there_twice_is_refused) {
  BOOST_CHECK_THROW(quipu::NameIndex({"fig", "pear", "fig"}), quipu::Error);
}
