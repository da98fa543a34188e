#include "files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace headwater {
namespace {

constexpr size_t kNoLimit = SIZE_MAX / 4;

class OpenFile {
 public:
  explicit OpenFile(const char* path) : descriptor_(open(path, O_RDONLY | O_CLOEXEC)) {}
  ~OpenFile() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace

int read_small_file(const char* path, size_t most, std::string& contents) {
  OpenFile file(path);
  if (file.descriptor() < 0) return errno;
  struct stat about;
  if (fstat(file.descriptor(), &about) != 0) return errno;
  if (S_ISDIR(about.st_mode)) return EISDIR;
  if (!S_ISREG(about.st_mode)) most = kNoLimit;                        // what was read of a pipe can't be read again
  auto size = static_cast<size_t>(std::max<off_t>(about.st_size, 0));  // 0 is said of pipes, too
  if (size > most) return EFBIG;
  contents.resize(size + 1);  // 1: to see the end
  for (size_t used = 0;;) {
    ssize_t got = read(file.descriptor(), contents.data() + used, contents.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    used += static_cast<size_t>(got);
    if (used > most) return EFBIG;
    if (got == 0) {
      contents.resize(used);
      return 0;
    }
    if (used == contents.size()) contents.resize(std::min(2 * used, most) + 1);
  }
}

}  // namespace headwater
