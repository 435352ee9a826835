export enum Gender {
  Girl = 'girl',
  Boy = 'boy',
  Other = 'other',
}
