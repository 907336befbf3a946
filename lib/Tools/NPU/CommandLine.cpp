//===- CommandLine.cpp - Manners of the NPU's tools -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "aic/Tools/NPU/CommandLine.h"

#include "aic/Tools/TensorFile.h"

#include <algorithm>
#include <cstdio>

using namespace aic::npu::tools;

void CommandLine::value(const std::string &name, const std::string &placeholder, const std::string &help,
                        std::string &target) {
  options.push_back({name, placeholder, help, &target, nullptr});
}

void CommandLine::values(const std::string &name, const std::string &placeholder, const std::string &help,
                         std::vector<std::string> &target) {
  options.push_back({name, placeholder, help, nullptr, nullptr, &target});
}

void CommandLine::flag(const std::string &name, const std::string &help, bool &target) {
  options.push_back({name, "", help, nullptr, &target});
}

void CommandLine::inputs(const std::string &what, std::vector<std::string> &target, size_t least, size_t most) {
  inputName = what;
  files = &target;
  this->least = least;
  this->most = most;
}

int CommandLine::error(const std::string &text) const {
  std::fprintf(stderr, "%s: error: %s\n", tool.c_str(), text.c_str());
  return 1;
}

void CommandLine::printManual() const {
  std::string text = manual + "\nOPTIONS\n";
  std::vector<Option> all = options;
  all.push_back({"--help", "", "print this page", nullptr, nullptr});
  all.push_back({"--version", "", "print the version", nullptr, nullptr});
  for (const Option &option : all) {
    std::string usage = "  " + option.name;
    if (!option.flag && !option.placeholder.empty())
      usage += (option.name[1] == '-' ? "=" : " ") + option.placeholder;
    usage.resize(std::max<size_t>(usage.size() + 2, 26), ' ');
    text += usage + option.help + "\n";
  }
  text += "\nEXIT STATUS\n  0 if all went well, 1 after an error; then no output file is written.\n";
  std::fputs(text.c_str(), stdout);
}

bool CommandLine::parse(int argc, char **argv, int &status) const {
  auto leave = [&](int with) { return status = with, false; };
  bool onlyFiles = false;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    if (onlyFiles || argument.size() < 2 || argument[0] != '-') {
      files->push_back(argument);
      continue;
    }
    if (argument == "--") {
      onlyFiles = true;
      continue;
    }
    if (argument == "--help" || argument == "-h")
      return printManual(), leave(0);
    if (argument == "--version")
      return std::printf("%s %s\n", tool.c_str(), AIC_VERSION), leave(0);
    size_t equal = argument.rfind("--", 0) == 0 ? argument.find('=') : std::string::npos;
    std::string name = argument.substr(0, equal);
    auto option = std::find_if(options.begin(), options.end(), [&](const Option &o) { return o.name == name; });
    if (option == options.end())
      return leave(error("expected an option of --help, got '" + name + "'"));
    if (option->flag) {
      if (equal != std::string::npos)
        return leave(error("'" + name + "': expected no value, got '" + argument.substr(equal + 1) + "'"));
      *option->flag = true;
      continue;
    }
    if (equal == std::string::npos && i + 1 == argc)
      return leave(error("'" + name + "': expected " + option->placeholder + ", got the end of the command line"));
    std::string value = equal != std::string::npos ? argument.substr(equal + 1) : argv[++i];
    if (option->list)
      option->list->push_back(value);
    else
      *option->value = value;
    if (value.empty())
      return leave(error("'" + name + "': expected " + option->placeholder + ", got nothing"));
  }
  if (files->size() < least)
    return leave(error("expected " + inputName + ", got none; see " + tool + " --help"));
  if (files->size() > most)
    return leave(error("expected " + inputName + ", got '" + (*files)[most] + "' as well"));
  return true;
}

bool aic::npu::tools::readInput(const std::string &path, std::string &text, std::string &error) {
  error = ::aic::tools::readFile(path == "-" ? "/dev/stdin" : path, text);
  return error.empty();
}

bool aic::npu::tools::writeOutput(const std::string &path, std::string_view bytes, std::string &error) {
  error =
      path == "-" ? ::aic::tools::writeDescriptor(1, "standard output", bytes) : ::aic::tools::writeFile(path, bytes);
  return error.empty();
}
