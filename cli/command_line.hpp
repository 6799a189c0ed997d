// The command line of `unavoce`: which commands and options there are, their help, and how results are printed.
//
// Thread: main. Errors: none leave; they become a text (or JSON) on standard error and an exit code.
#pragma once

namespace unavoce::cli {

/// Everything main() does.
int run_command_line(int argc, char** argv);

}  // namespace unavoce::cli
