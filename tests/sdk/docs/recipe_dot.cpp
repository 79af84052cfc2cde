// What holds for the formats of the tree holds for the recipe's.
#include "plugins/quants/dot.cpp"
