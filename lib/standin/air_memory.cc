// SPDX-License-Identifier: GPL-3.0-or-later
#include "air_memory.h"
#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gr::advphy {

namespace {

constexpr size_t control_bytes = 1 << 16;
constexpr size_t ring_bytes = air_ring * sizeof(sample);
constexpr size_t file_bytes = control_bytes + air_stations * ring_bytes;
constexpr uint64_t layout_version = 1 << 16 | sizeof(air_control);
static_assert(sizeof(air_control) <= control_bytes);
static_assert(std::atomic<double>::is_always_lock_free);
// Bytes whose locks have a meaning: changing the table, being on the air, each place.
constexpr off_t table_byte = 0, present_byte = 1, first_place = 2;

bool lock(int file, int command, short kind, off_t byte)
{
    struct flock wanted{};
    wanted.l_type = kind;
    wanted.l_whence = SEEK_SET;
    wanted.l_start = byte;
    wanted.l_len = 1;
    int found;
    do
        found = fcntl(file, command, &wanted);
    while (found != 0 && errno == EINTR);
    return found == 0 && (command != F_OFD_GETLK || wanted.l_type == F_UNLCK);
}

// Nobody else changes the table while this exists.
struct table_lock {
    explicit table_lock(int given) : file(given)
    {
        lock(file, F_OFD_SETLKW, F_WRLCK, table_byte);
    }
    ~table_lock() { lock(file, F_OFD_SETLK, F_UNLCK, table_byte); }
    int file;
};

off_t byte_of(bool of_sender, size_t place)
{
    return first_place + off_t(place + (of_sender ? 0 : air_stations));
}

void set_name(char* field, const std::string& name)
{
    std::memset(field, 0, air_name_bytes);
    name.copy(field, air_name_bytes - 1);
}

void check_name(const std::string& key, const std::string& name)
{
    const auto good = [](unsigned char c) {
        return c < 128 && (std::isalnum(c) || c == '_' || c == '-');
    };
    if (name.empty() || name.size() >= air_name_bytes ||
        !std::all_of(name.begin(), name.end(), good))
        refuse(key + " = '" + name + "', expected 1 to 31 letters, digits, _ or -");
}

} // namespace

air_memory::air_memory(const std::optional<std::string>& given)
    : d_name(given.value_or(""))
{
    const std::string& name = d_name;
    if (!given) {
        d_file = memfd_create("advphy-air", MFD_CLOEXEC);
        if (d_file < 0)
            refuse(std::string("no memory (") + std::strerror(errno) + ")");
    } else {
        check_name("air", name);
        d_path = "/dev/shm/advphy-air-" + std::to_string(getuid()) + "-" + name;
        open_file();
    }
    {
        const table_lock held(d_file);
        if (alone())
            begin();
        lock(d_file, F_OFD_SETLK, F_RDLCK, present_byte);
        const int kind = given ? MAP_SHARED : MAP_PRIVATE; // also after a fork
        d_mapped = mmap(nullptr, file_bytes, PROT_READ | PROT_WRITE, kind, d_file, 0);
    }
    if (d_mapped == MAP_FAILED) {
        close(d_file);
        refuse("air = '" + name + "': no memory (" + std::strerror(errno) + ")");
    }
    d_control = static_cast<air_control*>(d_mapped);
    if (d_control->version != layout_version) {
        munmap(d_mapped, file_bytes);
        close(d_file);
        refuse("air = '" + name +
               "' was begun by another version of gr-advphy; end its "
               "programs, or use another name");
    }
}

// Open the file under a lock, and not one that its last user has just removed.
void air_memory::open_file()
{
    for (;;) {
        d_file = open(
            d_path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
        struct stat there{};
        if (d_file < 0 || fstat(d_file, &there) != 0 || there.st_uid != getuid())
            refuse("air = '" + d_name + "': " + d_path + " cannot be used (" +
                   std::strerror(errno) + ")");
        lock(d_file, F_OFD_SETLKW, F_WRLCK, table_byte);
        const bool kept = fstat(d_file, &there) == 0 && there.st_nlink > 0;
        if (kept && there.st_size != off_t(file_bytes) && !alone())
            refuse("air = '" + d_name + "' was begun by another version of gr-advphy");
        if (kept)
            return;
        close(d_file);
    }
}

void air_memory::begin()
{
    if (ftruncate(d_file, 0) != 0 || ftruncate(d_file, off_t(file_bytes)) != 0 ||
        posix_fallocate(d_file, 0, control_bytes) != 0)
        refuse("air = '" + d_name + "': no room in /dev/shm");
    air_control fresh{};
    fresh.version = layout_version;
    if (pwrite(d_file, &fresh.version, sizeof fresh.version, 0) < 0)
        refuse("air = '" + d_name + "': " + d_path + " cannot be written");
}

air_memory::~air_memory()
{
    {
        const table_lock held(d_file);
        lock(d_file, F_OFD_SETLK, F_UNLCK, present_byte);
        if (alone() && !d_path.empty())
            unlink(d_path.c_str());
    }
    munmap(d_mapped, file_bytes);
    close(d_file); // releases its places, too
}

bool air_memory::alone() const
{
    return lock(d_file, F_OFD_GETLK, F_WRLCK, present_byte);
}

sample* air_memory::ring(size_t sender)
{
    auto* bytes = static_cast<char*>(d_mapped) + control_bytes + sender * ring_bytes;
    return reinterpret_cast<sample*>(bytes);
}

bool air_memory::alive(bool of_sender, size_t place) const
{
    return !lock(d_file, F_OFD_GETLK, F_WRLCK, byte_of(of_sender, place));
}

size_t air_memory::take_place(bool of_sender, const std::string& name)
{
    check_name("name", name);
    const table_lock held(d_file);
    const std::string kind = of_sender ? "transmitter" : "receiver";
    size_t place = air_stations;
    for (size_t i = 0; i < air_stations; ++i) {
        const char* taken =
            of_sender ? d_control->senders[i].name : d_control->receivers[i].name;
        if (!alive(of_sender, i))
            place = std::min(place, i);
        else if (name == taken)
            refuse("a " + kind + " called '" + name + "' is on air '" + d_name +
                   "' already; give another name=");
    }
    if (place == air_stations)
        refuse("air '" + d_name + "' has " + std::to_string(air_stations) + " " + kind +
               "s already, and no place for more");
    lock(d_file, F_OFD_SETLK, F_WRLCK, byte_of(of_sender, place));
    // Touching a page for which there is no room would end the process.
    const off_t ring_at = off_t(control_bytes + place * ring_bytes);
    if (of_sender && posix_fallocate(d_file, ring_at, ring_bytes) != 0)
        refuse("air '" + d_name + "': no room for another transmitter in /dev/shm");
    const auto begin = [&](auto& mine) {
        set_name(mine.name, name);
        mine.pid = getpid();
        mine.streaming = 0;
    };
    if (of_sender) {
        air_sender& mine = d_control->senders[place];
        begin(mine);
        mine.starved = mine.underruns = 0;
        mine.life += mine.life % 2; // even: not yet on the air
        mine.written = 0;
    } else {
        air_receiver& mine = d_control->receivers[place];
        begin(mine);
        mine.lagging = mine.overflows = 0;
        std::fill(std::begin(mine.needed), std::end(mine.needed), 0);
        std::fill(std::begin(mine.power), std::end(mine.power), 0.0);
    }
    return place;
}

void air_memory::free_place(bool of_sender, size_t place)
{
    lock(d_file, F_OFD_SETLK, F_UNLCK, byte_of(of_sender, place));
}

std::optional<path_settings> air_memory::path(const char* sender,
                                              const char* receiver) const
{
    const table_lock held(d_file);
    for (const air_path_entry& entry : d_control->paths)
        if (!std::strcmp(entry.sender, sender) && !std::strcmp(entry.receiver, receiver))
            return entry.settings;
    return {};
}

void air_memory::forget_paths(const char* receiver)
{
    const table_lock held(d_file);
    for (air_path_entry& entry : d_control->paths)
        if (!std::strcmp(entry.receiver, receiver))
            entry.sender[0] = entry.receiver[0] = 0;
}

void air_memory::set_path(const char* sender,
                          const char* receiver,
                          const path_settings& settings)
{
    const table_lock held(d_file);
    for (air_path_entry& entry : d_control->paths) {
        const bool same =
            !std::strcmp(entry.sender, sender) && !std::strcmp(entry.receiver, receiver);
        if (!same && entry.sender[0])
            continue;
        set_name(entry.sender, sender);
        set_name(entry.receiver, receiver);
        entry.settings = settings;
        ++d_control->changes;
        return;
    }
    refuse("air '" + d_name + "' has no room for another path");
}

} // namespace gr::advphy
