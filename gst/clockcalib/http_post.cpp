// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/http_post.h"

#include <curl/curl.h>

#include <algorithm>
#include <string_view>
#include <system_error>
#include <utility>

namespace tactus {

namespace {

constexpr std::size_t kMaxBodyBytes = std::size_t{64} * 1024;
constexpr std::chrono::milliseconds kMaxPoll{1000};
constexpr std::string_view kTracesPath = "/v1/traces";

struct EasyCleanup {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct MultiCleanup {
    void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};
struct ListCleanup {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct UrlCleanup {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct StringCleanup {
    void operator()(char* text) const { curl_free(text); }
};

using UrlHandle = std::unique_ptr<CURLU, UrlCleanup>;

std::string part_of(CURLU* url, CURLUPart part) {
    char* text = nullptr;
    curl_url_get(url, part, &text, 0);
    const std::unique_ptr<char, StringCleanup> owner(text);
    return text == nullptr ? std::string() : std::string(text);
}

bool start_libcurl() {
    static const bool started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    return started;
}

std::size_t keep_body(char* data, std::size_t size, std::size_t count, void* to) {
    auto& body = *static_cast<std::vector<std::uint8_t>*>(to);
    const std::size_t room = kMaxBodyBytes - std::min(kMaxBodyBytes, body.size());
    body.insert(body.end(), data, data + std::min(room, size * count));
    return size * count;
}

class CurlPost : public HttpPost {
  public:
    bool open(const std::string& url) {
        easy_.reset(curl_easy_init());
        multi_.reset(curl_multi_init());
        headers_.reset(curl_slist_append(nullptr, "Content-Type: application/x-protobuf"));
        // Without this, libcurl waits up to a second for the server's leave to send a large body.
        if (headers_)
            curl_slist_append(headers_.get(), "Expect:");
        if (!easy_ || !multi_ || !headers_)
            return false;
        CURL* const easy = easy_.get();
        bool fine = set(easy, CURLOPT_URL, url.c_str());
        fine = set(easy, CURLOPT_HTTPHEADER, headers_.get()) && fine;
        fine = set(easy, CURLOPT_POST, 1L) && fine;
        fine = set(easy, CURLOPT_NOSIGNAL, 1L) && fine;
        fine = set(easy, CURLOPT_WRITEFUNCTION, keep_body) && fine;
        fine = set(easy, CURLOPT_ERRORBUFFER, trouble_) && fine;
        fine = set(easy, CURLOPT_USERAGENT, "gst-tactus") && fine;
#if LIBCURL_VERSION_NUM >= 0x075700
        // A name server that hangs must not hold up the end of the program.
        fine = set(easy, CURLOPT_QUICK_EXIT, 1L) && fine;
#endif
        return fine;
    }

    HttpAnswer post(std::span<const std::uint8_t> body, const Patience& patience) override {
        HttpAnswer answer;
        CURL* const easy = easy_.get();
        trouble_[0] = '\0';
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.data());
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, &answer.body);
        curl_multi_add_handle(multi_.get(), easy);
        const std::optional<CURLcode> result = run(patience);
        if (result == CURLE_OK)
            read_answer(answer);
        else if (!result)
            answer.trouble = "no answer in time";
        else
            answer.trouble = trouble_of(*result);
        curl_multi_remove_handle(multi_.get(), easy);
        return answer;
    }

    void wake() override {
        curl_multi_wakeup(multi_.get());
    }

  private:
    template <typename Value>
    static bool set(CURL* easy, CURLoption option, Value value) {
        return curl_easy_setopt(easy, option, value) == CURLE_OK;
    }

    /// How the transfer ended; nothing if it was given up.
    std::optional<CURLcode> run(const Patience& patience) {
        for (;;) {
            int running = 0;
            if (curl_multi_perform(multi_.get(), &running) != CURLM_OK)
                return CURLE_FAILED_INIT;
            if (running == 0)
                break;
            const auto left = patience();
            if (left.count() <= 0)
                return std::nullopt;
            const auto wait = static_cast<int>(std::min(left, kMaxPoll).count());
            curl_multi_poll(multi_.get(), nullptr, 0, wait, nullptr);
        }
        int queued = 0;
        const CURLMsg* message = curl_multi_info_read(multi_.get(), &queued);
        return message == nullptr ? CURLE_FAILED_INIT : message->data.result;
    }

    /// With what the system said, which libcurl's words leave out.
    std::string trouble_of(CURLcode result) const {
        std::string text = trouble_[0] != '\0' ? trouble_ : curl_easy_strerror(result);
        long system = 0;
        curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &system);
        if (result == CURLE_COULDNT_CONNECT && system != 0)
            text += ": " + std::generic_category().message(static_cast<int>(system));
        return text;
    }

    void read_answer(HttpAnswer& answer) const {
        long status = 0;
        curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
        answer.status = static_cast<int>(status);
        curl_off_t seconds = 0;
        curl_easy_getinfo(easy_.get(), CURLINFO_RETRY_AFTER, &seconds);
        if (seconds > 0)
            answer.retry_after_ms = static_cast<std::uint64_t>(seconds) * 1000;
    }

    // In this order, so that the multi handle goes first.
    std::unique_ptr<curl_slist, ListCleanup> headers_;
    char trouble_[CURL_ERROR_SIZE] = {};
    std::unique_ptr<CURL, EasyCleanup> easy_;
    std::unique_ptr<CURLM, MultiCleanup> multi_;
};

std::string complaint(const std::string& url, const std::string& why) {
    return "OTLP URL \"" + url + "\": " + why + "; give one such as http://127.0.0.1:4318";
}

} // namespace

std::optional<std::string> HttpPost::traces_url(const std::string& url, std::string& error) {
    const UrlHandle parts(curl_url());
    if (!parts) {
        error = complaint(url, "out of memory");
        return std::nullopt;
    }
    if (curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME) !=
        CURLUE_OK) {
        error = complaint(url, "this is no URL");
        return std::nullopt;
    }
    const std::string scheme = part_of(parts.get(), CURLUPART_SCHEME);
    if (scheme != "http" && scheme != "https") {
        error = complaint(url, "the scheme \"" + scheme + "\" is neither http nor https");
        return std::nullopt;
    }
    std::string path = part_of(parts.get(), CURLUPART_PATH);
    while (!path.empty() && path.back() == '/')
        path.pop_back();
    if (!path.ends_with(kTracesPath))
        path += kTracesPath;
    curl_url_set(parts.get(), CURLUPART_PATH, path.c_str(), 0);
    return part_of(parts.get(), CURLUPART_URL);
}

std::unique_ptr<HttpPost> HttpPost::create(const std::string& url, std::string& error) {
    auto post = std::make_unique<CurlPost>();
    if (start_libcurl() && post->open(url))
        return post;
    error = complaint(url, "libcurl could not be started");
    return nullptr;
}

} // namespace tactus
