constexpr const char* kWord = "one";
