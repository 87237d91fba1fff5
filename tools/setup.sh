# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
#
# What tools/demo, tools/test and .ci/run share: which packages they need, how those get onto the
# machine, and where the real clip comes from. Sourced, never run.
#
#   . "$(dirname "$0")/setup.sh"
#   [[ $1 == --no-install ]] && NO_INSTALL=1
#   step "Packages"; ensure_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
#   step "Clip";     clip=$(fetch_clip)
#   step "Build";    configure build-test && ninja -C build-test
#
# A package name that ends in "?" is wanted but not needed: a release without it, or a machine
# without the network, costs a note and later a skipped test, not the whole run.

NO_INSTALL=${NO_INSTALL:-}

# What a pipeline with our elements needs at run time.
RUNTIME_PACKAGES=(
    gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good
    gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav
)
BUILD_PACKAGES=(
    g++ meson ninja-build pkg-config libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev
    nlohmann-json3-dev libhwy-dev 'liborc-0.4-dev?' 'libsndfile1-dev?' 'libvulkan-dev?' 'libvulkan-volk-dev?'
    'glslang-dev?' 'spirv-tools?' 'spirv-headers?' 'libspirv-cross-c-shared-dev?' 'prometheus-cpp-dev?'
    'libcurl4-openssl-dev?' 'libpng-dev?' 'libhwloc-dev?' 'libgstreamer-plugins-bad1.0-dev?'
    "${RUNTIME_PACKAGES[@]}"
)
TEST_PACKAGES=(
    libgtest-dev libgmock-dev libbenchmark-dev protobuf-compiler python3 alsa-utils
    gstreamer1.0-nice 'dbus-daemon?' 'mesa-vulkan-drivers?' 'vulkan-validationlayers?' 'glslang-tools?'
    'spin?' 'chromium?' 'mkdocs?' 'python3-numpy?' 'clang-format-14?'
    'libfftw3-dev?' 'g++-aarch64-linux-gnu?' 'qemu-user?'
    'qemu-system-x86?' 'busybox-static?' 'python3-gi?' 'gir1.2-gstreamer-1.0?' 'numactl?'
)
# What tools/build-packages needs besides.
PACKAGING_PACKAGES=(build-essential dpkg-dev debhelper lintian fakeroot)
# What tools/demo needs besides: recordings of a voice, and Vulkan without a GPU.
DEMO_PACKAGES=(python3 'alsa-utils?' 'mesa-vulkan-drivers?')
# The gate compares with these very versions, so here they are not optional.
CI_PACKAGES=(clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev spin)
# What tools/test-on-debian needs in its root besides: the compilers of that release, whichever they are.
OTHER_RELEASE_PACKAGES=(git clang 'libclang-rt-dev?' 'ccache?')

# The clip: a surveillance video that Debian ships as an example of OpenCV.
CLIP_PACKAGE=opencv-doc
CLIP_MEMBER=./usr/share/doc/opencv-doc/examples/data/vtest.avi

CURRENT_STEP=
STEP_START=$SECONDS

# step TEXT: names the part of the script that runs from here on, and says how long the last took.
step() {
    finish_step
    CURRENT_STEP=$1
    STEP_START=$SECONDS
    printf '==> %s\n' "$CURRENT_STEP"
}

finish_step() {
    [[ -n $CURRENT_STEP ]] || return 0
    printf '    (%s: %d s)\n' "$CURRENT_STEP" "$((SECONDS - STEP_START))"
    CURRENT_STEP=
}

note() { printf '    %s\n' "$*" >&2; }

die() {
    local name=${0##*/}
    printf '%s: %s%s\n' "$name" "${CURRENT_STEP:+in step \"$CURRENT_STEP\": }" "$*" >&2
    exit 1
}

# wrong_input TEXT: for an option or a value that makes no sense. All our commands end with 2 then.
wrong_input() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 2
}

# gallery_arguments PLUGIN ARGUMENT...: sees that these are BUILD_DIR [FOLDER], and that the plugin is
# built there; or prints the caller's usage, where asked for.
gallery_arguments() {
    local plugin=$1 file
    shift
    case ${1:-} in
    --help | -h)
        usage
        exit 0
        ;;
    -*) wrong_input "unknown option $1 (try --help)" ;;
    '') wrong_input "which build folder? Name one, such as build (try --help)" ;;
    esac
    [[ $# -le 2 ]] || wrong_input "'$3' is too much: it takes BUILD_DIR [FOLDER] (try --help)"
    file=gst/$plugin/libgst$plugin.so
    [[ -f $1/$file ]] || wrong_input "there is no $1/$file: run ninja -C $1 $file"
}

as_root() {
    if [[ $(id -u) -eq 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "neither root nor sudo is at hand; run as root: $*"
    fi
}

# apt_get ARGUMENT...: thousands of lines that nobody reads, so they are shown only if it fails.
apt_get() {
    local log status=0
    log=$(mktemp) || return 1
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q "$@" </dev/null >"$log" 2>&1 || status=$?
    [[ $status -eq 0 ]] || tail -n 40 "$log" >&2
    rm -f "$log"
    return "$status"
}

package_installed() {
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# Whether the package lists on this machine can offer the package.
package_known() { [[ -n $(apt-cache show --no-all-versions "$1" 2>/dev/null) ]]; }

# missing_packages required|optional NAME...: prints those of that kind that are not installed.
missing_packages() {
    local kind=$1 name
    shift
    for name in "$@"; do
        if [[ $name == *'?' ]]; then
            [[ $kind == optional ]] || continue
        else
            [[ $kind == required ]] || continue
        fi
        package_installed "${name%'?'}" || printf '%s\n' "${name%'?'}"
    done
}

# ensure_packages NAME...: installs what is missing. Touches no network when nothing is.
ensure_packages() {
    local required optional known=() name
    if ! command -v dpkg-query >/dev/null; then
        note "not a Debian system: the packages have to be there already ($*)"
        return 0
    fi
    mapfile -t required < <(missing_packages required "$@")
    mapfile -t optional < <(missing_packages optional "$@")
    [[ ${#required[@]} -gt 0 || ${#optional[@]} -gt 0 ]] || return 0

    if [[ -n $NO_INSTALL ]]; then
        [[ ${#optional[@]} -eq 0 ]] || note "not installed, what needs them will be skipped: ${optional[*]}"
        [[ ${#required[@]} -eq 0 ]] || die "--no-install was given and these packages are missing:" \
            "${required[*]}"
        return 0
    fi
    refresh_lists "${#required[@]}" "${optional[@]}" || {
        note "no package lists; what needs them will be skipped: ${optional[*]}"
        return 0
    }
    for name in "${optional[@]}"; do
        if package_known "$name"; then
            known+=("$name")
        else
            note "this release has no package $name; what needs it will be skipped"
        fi
    done
    install_packages "${required[@]}" || die "could not install: ${required[*]}"
    install_packages "${known[@]}" ||
        note "could not install these, what needs them will be skipped: ${known[*]}"
}

install_packages() {
    [[ $# -gt 0 ]] || return 0
    note "installing: $*"
    apt_get install -y --no-install-recommends "$@"
}

# refresh_lists N OPTIONAL...: updates the package lists. With nothing required (N = 0) it only does
# so if the lists are not there at all, and a failure is no error: it returns 1.
refresh_lists() {
    local required_count=$1 name
    shift
    if [[ $required_count -eq 0 ]] && package_known libc6; then
        return 0
    fi
    note "updating the package lists"
    apt_get update && return 0
    [[ $required_count -gt 0 ]] || return 1
    die "something is missing and the package lists cannot be updated; is there a network?"
}

clip_cache() { printf '%s\n' "${XDG_CACHE_HOME:-$HOME/.cache}/gst-tactus/vtest.avi"; }

# unpack_package PACKAGE DIR TAR_ARGUMENT...: downloads a package to DIR, and takes out of it, there,
# what tar is told to. It is not installed.
unpack_package() {
    local package=$1 dir=$2
    shift 2
    # apt would hand the download to a user that cannot write here, hence the option.
    (
        cd "$dir" &&
            apt-get -qq -o APT::Sandbox::User=root download "$package" >&2 &&
            dpkg-deb --fsys-tarfile "$package"_*.deb | tar -xf - "$@"
    )
}

# Takes the one file out of the package, which is large; and minimal systems tell dpkg to leave
# /usr/share/doc out.
unpack_clip() {
    local target=$1 work status=0
    # Beside the target, so that the last step is a rename within one file system.
    work=$(mktemp -d "${target%/*}/unpack.XXXXXX") || return 1
    unpack_package "$CLIP_PACKAGE" "$work" "$CLIP_MEMBER" && [[ -s $work/$CLIP_MEMBER ]] &&
        mv -f "$work/$CLIP_MEMBER" "$target" || status=1
    rm -rf "$work"
    return "$status"
}

# fetch_clip: prints the path of the clip, and gets it first where need be.
fetch_clip() {
    local installed=${CLIP_MEMBER#.} target
    if [[ -s $installed ]]; then
        printf '%s\n' "$installed"
        return 0
    fi
    target=$(clip_cache)
    if [[ ! -s $target ]]; then
        [[ -z $NO_INSTALL ]] || die "--no-install was given and the clip is not in $target"
        command -v dpkg-deb >/dev/null || die "no dpkg here to unpack the clip with; put a video" \
            "that can be decoded at $target"
        mkdir -p "${target%/*}"
        note "unpacking the clip from the package $CLIP_PACKAGE (95 MB, once)"
        if ! package_known "$CLIP_PACKAGE"; then
            apt_get update || die "the package lists cannot be updated; is there a network?"
        fi
        unpack_clip "$target" || die "could not get the clip out of the package $CLIP_PACKAGE"
    fi
    printf '%s\n' "$target"
}

numa_kernel_cache() { printf '%s\n' "${XDG_CACHE_HOME:-$HOME/.cache}/gst-tactus/numa-kernel"; }

# fetch_numa_kernel: unpacks a kernel for tests/numa-vm, unless there is one. It is not installed: a
# machine's boot loader is no business of ours. Without it those tests skip, so a failure is a note.
fetch_numa_kernel() {
    local target work package
    target=$(numa_kernel_cache)
    [[ ! -d $target && -z $NO_INSTALL ]] || return 0
    command -v dpkg-deb >/dev/null && command -v qemu-system-x86_64 >/dev/null || return 0
    package=$(apt-cache depends linux-image-amd64 2>/dev/null |
        sed -n 's/.*Depends: \(linux-image-[0-9][^ ]*\)$/\1/p' | head -n 1)
    [[ -n $package ]] || { note "no kernel package is known; tests/numa-vm will skip"; return 0; }
    mkdir -p "${target%/*}"
    work=$(mktemp -d "${target%/*}/unpack.XXXXXX") || return 0
    note "unpacking $package for tests/numa-vm (70 MB, once)"
    if mkdir "$work/kernel" && unpack_package "$package" "$work" -C kernel --wildcards \
        './boot/vmlinuz-*' './lib/modules/*/kernel/drivers/virtio/*' \
        './lib/modules/*/kernel/fs/*' './lib/modules/*/kernel/net/9p/*'; then
        mv -T "$work/kernel" "$target"
    else
        note "could not get the kernel; tests/numa-vm will skip"
    fi
    rm -rf "$work"
    return 0
}

# configure BUILD_DIR MESON_OPTION...: makes the build directory, or gives an old one the options.
configure() {
    local dir=$1
    shift
    if [[ -e $dir/build.ninja ]]; then
        [[ $# -eq 0 ]] || meson configure "$dir" "$@"
    elif [[ -e $dir/meson-private/coredata.dat ]]; then
        meson setup --wipe "$dir" "$@"
    else
        meson setup "$dir" "$@"
    fi
}

# run_tests BUILD_DIR MESON_TEST_ARGUMENT...: builds and runs the tests of a build directory. The
# words of TEST_WRAPPER, if any, go before meson, and so hold for all that it starts. (Meson's own
# --wrapper would change the names of its logs.)
run_tests() {
    local dir=$1
    shift
    # GoogleTest programs leave their cases here. One that crashes leaves none, and then Meson would
    # read those of the run before.
    find "$dir" -maxdepth 1 -name '*.xml' -delete
    rm -f "$dir"/meson-logs/testlog.json "$dir"/meson-logs/testlog.junit.xml
    # shellcheck disable=SC2086 # words
    ${TEST_WRAPPER:-} meson test -C "$dir" --print-errorlogs "$@"
}
