package shop;

class Words {
    static final String WORD = new String("one"); // no constant, which javac would copy
}
