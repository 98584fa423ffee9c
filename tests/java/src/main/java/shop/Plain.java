package shop;

import com.amazonaws.services.lambda.runtime.Context;

/** A method of a plain class, with an object for its event. */
public class Plain {
    public static class Order {
        private String item;
        private int pieces;

        public String getItem() { return item; }
        public void setItem(String value) { item = value; }
        public int getPieces() { return pieces; }
        public void setPieces(int value) { pieces = value; }
    }

    public Order twice(Order order, Context context) {
        order.setPieces(order.getPieces() * 2);
        return order;
    }
}
