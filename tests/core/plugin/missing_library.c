/* A library that a fixture needs and that is not where the dynamic linker looks. */
void of_missing_library(void);
void of_missing_library(void) {}
