/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Runs compiled models inside the emulated machine of machine.py, each in a process of its own.
   usage: guest DATA OUT
   DATA/jobs names one folder of DATA a line. A folder holds model.so, in0.bin, in1.bin, ... and `call`: a line for each
   input, "i dtype rank dim...", then one for each output, "o dtype rank". What came out is written to
   OUT/<folder>/out<k>.bin: the dims, 8 bytes each, and the elements. OUT/results has a line for each job: its name and
   "ok", the status and message of the call, or the signal that ended it. */
#include "aic_model.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 64 };

static void fail(const char *what, const char *why) {
  printf("error %s: %s", what, why);
  exit(1);
}

static void *contents(const char *path, int64_t *bytes) {
  struct stat info;
  FILE *file = fopen(path, "rb");
  if (!file || fstat(fileno(file), &info))
    fail(path, "expected a file");
  /* Models may read whole vectors; nothing behind the end counts. */
  char *data = aligned_alloc(64, ((size_t)info.st_size + 127) / 64 * 64);
  if (!data || fread(data, 1, (size_t)info.st_size, file) != (size_t)info.st_size)
    fail(path, "expected to read all of it");
  fclose(file);
  *bytes = info.st_size;
  return data;
}

static void *allocate(void *user, int32_t output, int64_t bytes, const int64_t *dims, int32_t rank) {
  (void)output, (void)dims, (void)rank;
  *(int64_t *)user += 1;
  return aligned_alloc(64, ((size_t)bytes + 127) / 64 * 64);
}

static int64_t byte_count(const aic_tensor *tensor) {
  static const int sizes[] = {1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 2, 4, 8};
  int64_t bytes = sizes[tensor->dtype];
  for (int32_t d = 0; d < tensor->rank; ++d)
    bytes *= tensor->dims[d];
  return bytes;
}

static void run(const char *folder, const char *out) {
  char path[600], error[512] = "", kind;
  aic_tensor inputs[MOST], outputs[MOST];
  size_t ins = 0, outs = 0;
  snprintf(path, sizeof path, "%s/call", folder);
  FILE *call = fopen(path, "r");
  if (!call)
    fail(path, "expected a file");
  int dtype, rank;
  while (fscanf(call, " %c %d %d", &kind, &dtype, &rank) == 3 && ins + outs < MOST) {
    aic_tensor tensor = {NULL, calloc((size_t)rank + 1, sizeof(int64_t)), 0, rank, dtype};
    if (kind == 'o') {
      outputs[outs++] = tensor;
      continue;
    }
    for (int d = 0; d < rank; ++d)
      if (fscanf(call, "%ld", &tensor.dims[d]) != 1)
        fail(path, "expected an extent");
    snprintf(path, sizeof path, "%s/in%zu.bin", folder, ins);
    tensor.data = contents(path, &tensor.bytes);
    inputs[ins++] = tensor;
  }
  fclose(call);
  snprintf(path, sizeof path, "%s/model.so", folder);
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    fail("dlopen", dlerror());
  __typeof__(&aic_model_create) create = (__typeof__(create))dlsym(library, "aic_model_create");
  __typeof__(&aic_model_run) call_model = (__typeof__(call_model))dlsym(library, "aic_model_run");
  if (!create || !call_model)
    fail("dlsym", "expected aic_model_create and aic_model_run");
  aic_model *model = NULL;
  int64_t calls = 0;
  aic_run_options options = {
      .struct_size = sizeof options, .user = &calls, .allocate = allocate, .error = error, .error_bytes = sizeof error};
  aic_status status = create(NULL, &model, error, sizeof error);
  if (!status)
    status = call_model(model, inputs, ins, outputs, outs, &options);
  if (status) {
    printf("status %d: %s", status, error);
    exit(1);
  }
  mkdir(out, 0777);
  for (size_t i = 0; i < outs; ++i) {
    snprintf(path, sizeof path, "%s/out%zu.bin", out, i);
    FILE *file = fopen(path, "wb");
    if (!file)
      fail(path, "expected to write it");
    size_t bytes = (size_t)byte_count(&outputs[i]);
    fwrite(outputs[i].dims, sizeof(int64_t), (size_t)outputs[i].rank, file);
    if (fwrite(outputs[i].data, 1, bytes, file) != bytes || fclose(file))
      fail(path, "expected to write all of it");
  }
  printf("ok");
}

int main(int argc, char **argv) {
  char folder[512], out[512];
  if (argc != 3)
    return 2;
  snprintf(folder, sizeof folder, "%s/jobs", argv[1]);
  snprintf(out, sizeof out, "%s/results", argv[2]);
  int64_t bytes;
  /* The whole list first: a child that ends moves the place in a file that is being read. */
  char *jobs = contents(folder, &bytes);
  jobs[bytes] = 0;
  if (!freopen(out, "w", stdout))
    return 2;
  for (char *name = strtok(jobs, "\n"); name; name = strtok(NULL, "\n")) {
    snprintf(folder, sizeof folder, "%s/%s", argv[1], name);
    snprintf(out, sizeof out, "%s/%s", argv[2], name);
    printf("%s ", name);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
      run(folder, out);
      exit(0);
    }
    int state = 0;
    waitpid(child, &state, 0);
    if (WIFSIGNALED(state))
      printf("signal %d", WTERMSIG(state));
    printf("\n");
    fflush(stdout);
    fprintf(stderr, "%s\n", name); /* progress */
  }
  return 0;
}
