// Branches take conditions; a bound that leaves nothing kills them.
#include "text/schema/branch.h"

namespace quipu::schema {
namespace {

std::shared_ptr<const Members> only(const std::string& key, Literal literal) {
  auto out = std::make_shared<Members>();
  out->add(key, literal);
  return out;
}

}  // namespace

std::size_t Branch::size() const {
  return 1 + (choices.size() + done.size() + shape.items.size() + shape.members.size() +
              shape.required.size() + shape.contains.size()) /
                 8;
}

void Branch::at_least(std::size_t least) {
  if (least <= shape.least) return;
  shape.least = least;
  changed = true;
  if (shape.most && shape.least > *shape.most) dead = true;
}

void Branch::at_most(std::size_t most) {
  if (shape.most && *shape.most <= most) return;
  shape.most = most;
  changed = true;
  if (shape.least > *shape.most) dead = true;
}

void Branch::add(Items items) {
  shape.items.push_back(std::move(items));
  changed = true;
}

void Branch::add(Contains contains) {
  shape.contains.push_back(std::move(contains));
  changed = true;
}

void Branch::add(std::shared_ptr<const Members> members) {
  shape.members.push_back(std::move(members));
  changed = true;
}

void Branch::require(const std::string& key) {
  changed |= shape.required.insert(key).second;
}

Option more_than(std::size_t count) {
  return [count](Branch& branch) { branch.at_least(count + 1); };
}

void add_fewer_than(std::size_t count, Choice& choice) {
  if (count > 0) choice.push_back([count](Branch& branch) { branch.at_most(count - 1); });
}

Option with_item(std::size_t index, Literal literal) {
  return [index, literal](Branch& branch) {
    Items items;
    items.prefix.assign(index, anything);
    items.prefix.push_back(literal);
    branch.add(std::move(items));
    branch.at_least(index + 1);
  };
}

Option with_member(const std::string& key, Literal literal) {
  return [own = only(key, literal), key](Branch& branch) {
    branch.add(own);
    branch.require(key);
  };
}

Option without_member(const std::string& key) {
  return [own = only(key, never)](Branch& branch) { branch.add(own); };
}

}  // namespace quipu::schema
