#include <nanobind/nanobind.h>

NB_MODULE(_kernels, m) { m.doc() = "Native loops that NumPy cannot do."; }
