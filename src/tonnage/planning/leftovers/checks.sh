
# --- how each path is looked at, right before it is removed -----------------------------------------------------------

# Every `…_verdict` says "goes", or why the path stays. It says so from inside the folder that the path lies in, or is;
# where a symbolic link leads elsewhere that folder is not entered.

enter() {
    cd -- "$root/$1" 2>/dev/null && [ "$(pwd -P)" = "$root/$1" ]
}

stays() {
    echo "$1"
    exit
}

is_folder() {
    [ -d "$1" ] && [ ! -L "$1" ]
}

is_readable() {
    [ -d "$1" ] && [ -r "$1" ] && [ -x "$1" ]
}

is_nowhere() {
    [ ! -e "$1" ] && [ ! -L "$1" ]
}

is_link_alone() {
    [ "$(ls -A)" = link ] && [ -f ./link ] && [ ! -L ./link ]
}

# Whether no file in a folder, or the folder itself if it has none, was written to within the days. What cannot be looked
# at is not old.
is_old() {
    files=$(find "$1" ! -type d -print 2>&1) || return 1
    if [ -n "$files" ]; then
        young=$(find "$1" ! -type d -mtime "-$days" -print 2>&1)
    else
        young=$(find "$1" -mtime "-$days" -print 2>&1)
    fi && [ -z "$young" ]
}

# Whether a digest is one, and there is no blob of it. The folder it would be in has to be readable, else who knows.
is_dead() {
    algorithm=${1%%:*}
    hex=${1#*:}
    case $algorithm in sha256 | sha384 | sha512) ;; *) return 1 ;; esac
    case $hex in *[!0-9a-f]*) return 1 ;; esac
    [ "${#hex}" -ge 64 ] || return 1
    shard=$root/blobs/$algorithm/${hex%"${hex#??}"}
    is_readable "$root/blobs" || return 1
    is_nowhere "${shard%/*}" || is_readable "${shard%/*}" || return 1
    is_nowhere "$shard" || is_readable "$shard" || return 1
    is_nowhere "$shard/$hex"
}

upload_verdict() (
    enter "${1%/*}" || stays "it is gone, or a symbolic link leads there"
    is_folder "./${1##*/}" || stays "it is gone, or no folder"
    is_old "./${1##*/}" || stays "something was written to it within $days days"
    echo goes
)

layer_verdict() (
    enter "$1" || stays "it is gone, or a symbolic link leads there"
    is_link_alone || stays "it is not a link alone"
    upper=${1%/*}
    is_dead "$(cat ./link)" || stays "its blob is there, or may be"
    is_dead "${upper##*/}:${1##*/}" || stays "its blob is there, or may be"
    echo goes
)

history_verdict() (
    enter "$1" || stays "it is gone, or a symbolic link leads there"
    is_link_alone || stays "it is not a link alone"
    upper=${1%/*}
    manifests=${1%/_manifests/tags/*}/_manifests
    tag=${1#"$manifests"/tags/}
    current=$root/$manifests/tags/${tag%%/*}/current/link
    is_readable "$root/$manifests/revisions" || is_nowhere "$root/$manifests/revisions" || stays "revisions cannot be read"
    is_nowhere "$root/$manifests/revisions/${upper##*/}/${1##*/}/link" || stays "its revision is there"
    is_nowhere "$current" || [ -r "$current" ] || stays "its tag cannot be read"
    [ "$(cat "$current" 2>/dev/null)" != "${upper##*/}:${1##*/}" ] || stays "its tag points to it"
    echo goes
)

# Other repositories may lie below an empty one: only what makes it one is looked at, and removed.
repository_verdict() (
    enter "$1" || stays "it is gone, or a symbolic link leads there"
    found=no
    for part in ./_layers ./_manifests ./_uploads; do
        [ ! -L "$part" ] || stays "$part is a symbolic link"
        if [ -e "$part" ]; then
            found=yes
            is_old "$part" || stays "something was written to it within $days days"
        fi
    done
    [ "$found" = yes ] || stays "it is gone"
    if [ -e ./_manifests ]; then
        links=$(find ./_manifests -path '*/index' -prune -o ! -type d -print 2>&1) || links=unreadable
        [ -z "$links" ] || stays "it has a manifest or a tag"
    fi
    echo goes
)

# --- what is done -----------------------------------------------------------------------------------------------------

removed_count=0
left_count=0
failed_count=0

# Remove something, or say that it would be: its verdict, its path, and the names to remove in a folder.
act() {
    verdict=$1
    path=$2
    shift 2
    if [ "$verdict" != goes ]; then
        left_count=$((left_count + 1))
        printf 'stays         %s: %s\n' "$path" "$verdict"
    elif [ "$mode" != remove ]; then
        removed_count=$((removed_count + 1))
        printf 'would remove  %s\n' "$path"
    elif take "$@"; then
        removed_count=$((removed_count + 1))
        printf 'removed       %s\n' "$path"
    else
        failed_count=$((failed_count + 1))
        printf 'FAILED        %s\n' "$path"
    fi
}

take() (
    enter "$1" || exit 1
    shift
    rm -rf -- "$@"
)

upload() {
    act "$(upload_verdict "$1")" "$1" "${1%/*}" "./${1##*/}"
}

dead_layer() {
    act "$(layer_verdict "$1")" "$1" "${1%/*}" "./${1##*/}"
}

dead_history() {
    act "$(history_verdict "$1")" "$1" "${1%/*}" "./${1##*/}"
}

empty_repository() {
    act "$(repository_verdict "$1")" "$1" "$1" ./_layers ./_manifests ./_uploads
    if [ "$mode" = remove ]; then rmdir -- "$root/$1" 2>/dev/null || :; fi # stays while other repositories lie in it
}

finish() {
    if [ "$mode" = remove ]; then did=removed; else did="would be removed: sh $0 --remove"; fi
    printf '%s left alone, %s failed, %s %s\n' "$left_count" "$failed_count" "$removed_count" "$did" >&2
    [ "$failed_count" -eq 0 ]
}

# --- the paths --------------------------------------------------------------------------------------------------------

